import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildProgram } from '../src/cli/program.ts';
import { configFileSchema } from '../src/config/schema.ts';
import { errorCodes } from '../src/errors/codes.ts';

/** The documents hang together: what they link to is there, what sources name is there, and no verb or key is left out. */
const repository = fileURLToPath(new URL('..', import.meta.url));

async function listFiles(folder: string, ending: RegExp): Promise<readonly string[]> {
  const names = await readdir(join(repository, folder), { recursive: true });
  return names.filter((name) => ending.test(name)).map((name) => join(folder, name));
}

interface Document {
  readonly path: string;
  readonly text: string;
}

let documents: readonly Document[] = [];
beforeAll(async () => {
  const top = (await readdir(repository)).filter((name) => name.endsWith('.md'));
  const paths = [...top, ...(await listFiles('docs', /\.md$/))];
  documents = await Promise.all(
    paths.map(async (path) => ({ path, text: await readFile(join(repository, path), 'utf8') })),
  );
});

async function isThere(path: string): Promise<boolean> {
  return stat(join(repository, path)).then(
    () => true,
    () => false,
  );
}

/** The anchors that a page's headings get where it is shown. */
function anchorsOf(text: string): readonly string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Links to other places than the network, outside of code blocks. */
function linksOf({ text }: Document): readonly string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) =>
    /^[a-z]+:/.test(target) ? [] : [target],
  );
}

test('every relative link leads somewhere', async () => {
  const broken: string[] = [];
  let count = 0;
  for (const document of documents) {
    for (const link of linksOf(document)) {
      count += 1;
      const [file = '', anchor] = link.split('#');
      const path = file === '' ? document.path : join(dirname(document.path), file);
      const target = documents.find((other) => other.path === path);
      const isGood = (await isThere(path)) && (anchor === undefined || anchorsOf(target?.text ?? '').includes(anchor));
      if (!isGood) broken.push(`${document.path}: ${link}`);
    }
  }
  expect(broken).toEqual([]);
  expect(count).toBeGreaterThan(20);
});

test('every page that a source names is there', async () => {
  const sources = await Promise.all(
    ['src', 'test', 'tools', 'docs'].map((folder) => listFiles(folder, /\.(?:ts|mjs|sh|md)$/)),
  );
  const adrs = await readdir(join(repository, 'docs/adr'));
  const missing: string[] = [];
  let count = 0;
  for (const path of sources.flat()) {
    for (const [named] of (await readFile(join(repository, path), 'utf8')).matchAll(
      /docs\/[a-z]+\/[A-Za-z0-9-]+(?:\.md)?/g,
    )) {
      count += 1;
      const number = /^docs\/adr\/(\d{4})$/.exec(named)?.[1];
      const isGood = number === undefined ? await isThere(named) : adrs.some((name) => name.startsWith(`${number}-`));
      if (!isGood) missing.push(`${path}: ${named}`);
    }
  }
  expect(missing).toEqual([]);
  expect(count).toBeGreaterThan(20);
});

describe('the written pages, the generated ones apart', () => {
  const written = () => {
    const pages = documents.filter(({ path }) => path === 'README.md' || path.startsWith('docs/guide/'));
    return pages.map(({ text }) => text).join('\n');
  };

  test('mention every verb', () => {
    const silent = { version: '', writeOut: () => undefined, writeErr: () => undefined, columns: 100 };
    const verbs = buildProgram(silent, () => undefined).commands.flatMap((command) => [
      command.name(),
      ...command.commands.map((inner) => `${command.name()} ${inner.name()}`),
    ]);
    expect(verbs).toContain('rebuild');
    expect(verbs.filter((verb) => !new RegExp(`holdfast ${verb}\\b`).test(written()))).toEqual([]);
  });

  test('mention every section of the config, and every key is in the reference', async () => {
    const { shape } = configFileSchema;
    expect(Object.keys(shape).filter((key) => !written().includes(key))).toEqual([]);
    const reference = await readFile(join(repository, 'docs/reference/config.md'), 'utf8');
    expect(Object.keys(shape).filter((key) => !reference.includes(`\`${key}`))).toEqual([]);
  });

  test('say what to do about every refusal', async () => {
    const page = await readFile(join(repository, 'docs/guide/when-a-command-refuses.md'), 'utf8');
    const refusals = Object.entries(errorCodes).filter(([, { kind }]) => kind === 'refusal' || kind === 'locked');
    expect(refusals.map(([code]) => code).filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
  });
});

test('every room of the sources is on the map', async () => {
  const map = await readFile(join(repository, 'ARCHITECTURE.md'), 'utf8');
  const entries = await readdir(join(repository, 'src'), { withFileTypes: true });
  const rooms = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  expect(rooms.filter((room) => !map.includes(`\`${room}/\``))).toEqual([]);
  const adapters = await readdir(join(repository, 'src/adapters'));
  expect(adapters.filter((adapter) => !map.includes(`\`${adapter}\``))).toEqual([]);
});

test("the README's commands are the newcomer's", () => {
  const readme = documents.find(({ path }) => path === 'README.md')?.text ?? '';
  const commands = readme.split('\n').flatMap((line) => /^ {4}(\S.*?)(?:\s+#.*)?$/.exec(line)?.[1] ?? []);
  expect(commands).toEqual([
    './holdfast up',
    'npm test',
    './holdfast status',
    './holdfast rebuild --plan',
    './holdfast rebuild',
    './holdfast down ; ./holdfast up',
  ]);
  expect(readme).toMatch(/Prometheus does not support NFS/);
});
