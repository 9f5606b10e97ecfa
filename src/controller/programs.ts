import { readdir, readFile } from 'node:fs/promises';

const FOLDERS = [new URL('../launcher/', import.meta.url), new URL('../dask/python/', import.meta.url)];
const TESTS = /^(test_.*|conftest)\.py$/;

/** The Python programs that travel with every attempt, by file name. Read once, at start: a broken install shows at once. */
export async function readPrograms(): Promise<Record<string, string>> {
  const found: [string, string][] = [];
  for (const folder of FOLDERS) {
    for (const name of await readdir(folder)) {
      if (!name.endsWith('.py') || TESTS.test(name)) continue;
      found.push([name, await readFile(new URL(name, folder), 'utf8')]);
    }
  }
  return Object.fromEntries(found.sort(([one], [other]) => (one < other ? -1 : 1)));
}
