import { readFile } from 'node:fs/promises';

const SOURCES = {
  'launcher.py': '../launcher/launcher.py',
  'scheduler.py': '../dask/python/scheduler.py',
  'scheduler_preload.py': '../dask/python/scheduler_preload.py',
  'worker_preload.py': '../dask/python/worker_preload.py',
} as const;

/** The Python programs that travel with every attempt, by file name. Read once, at start: a broken install shows at once. */
export async function readPrograms(): Promise<Record<string, string>> {
  const texts = Object.entries(SOURCES).map(
    async ([name, path]) => [name, await readFile(new URL(path, import.meta.url), 'utf8')] as const,
  );
  return Object.fromEntries(await Promise.all(texts));
}
