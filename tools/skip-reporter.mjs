/**
 * Tells at the end, in one line for each reason and file, which tests were skipped and why.
 * @implements {Partial<import('vitest/node').Reporter>}
 */
export class SkipReporter {
  /** @param {import('vitest/node').Vitest} vitest */
  onInit(vitest) {
    this.vitest = vitest;
  }

  /** @param {readonly import('vitest/node').TestModule[]} modules */
  onTestRunEnd(modules) {
    // What `-t` leaves out looks the same as what a test skips, and whoever gave it knows.
    if (this.vitest?.getGlobalTestNamePattern() !== undefined) return;
    /** @type {Map<string, number>} */
    const reasons = new Map();
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const result = test.result();
        const inName = /\(skipped: (.*)\)/.exec(test.fullName)?.[1];
        const reason = ('note' in result ? result.note : undefined) ?? inName ?? `${test.fullName}: no reason is given`;
        const line = `${module.relativeModuleId}: ${reason}`;
        reasons.set(line, (reasons.get(line) ?? 0) + 1);
      }
    }
    for (const [line, count] of reasons) console.log(`skipped ${count} in ${line}`);
  }
}
