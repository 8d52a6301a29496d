declare const __HOLDFAST_VERSION__: string | undefined;

/** The version of package.json, put in by tools/build.mjs; sources that were never built say so. */
export const holdfastVersion = typeof __HOLDFAST_VERSION__ === 'undefined' ? '0.0.0-source' : __HOLDFAST_VERSION__;
