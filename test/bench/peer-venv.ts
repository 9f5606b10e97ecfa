import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot, cached, hashOf, readAll } from '../../images/cache.ts';
import { run } from '../../images/run.ts';

const REQUIREMENTS = join(import.meta.dirname, 'dask-kubernetes.txt');

/** The folder with the programs of a Python environment that has dask-kubernetes; made once into the cache with the host's `python3`. */
export async function peerPrograms(): Promise<string> {
  const host = await run('python3', ['-c', 'import sys; print(sys.version, sys.base_prefix)']);
  const directory = join(
    cacheRoot(),
    'venvs',
    `dask-kubernetes-${hashOf([host, ...(await readAll([REQUIREMENTS]))])}`,
  );
  // An environment knows its own path and cannot be renamed: it is made in place, and the file `ready` says that it is whole.
  await cached(join(directory, 'ready'), async (scratch) => {
    await run('python3', ['-m', 'venv', '--clear', join(directory, 'venv')]);
    await run(join(directory, 'venv/bin/python'), ['-m', 'pip', 'install', '-q', '-r', REQUIREMENTS]);
    await writeFile(join(scratch, 'ready'), '');
    return join(scratch, 'ready');
  });
  return join(directory, 'venv/bin');
}
