import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cacheRoot, cached, hashOf, readAll } from './cache.ts';
import { here, NAMES, parseName, type Name } from './names.ts';
import { run } from './run.ts';

/**
 * A Python environment with the versions of an image and pytest, for tests outside of pods: made once into the cache with the
 * host's `python3` (3.11 is what the constraints were frozen on).
 * @returns the path of its `python`.
 */
export async function venv(name: Name): Promise<string> {
  const files = [
    here(name, 'requirements.txt'),
    here('requirements-test.txt'),
    here(name, 'constraints.txt'),
  ] as const;
  const host = await run('python3', ['-c', 'import sys; print(sys.version, sys.base_prefix)']);
  const directory = join(cacheRoot(), 'venvs', `${name}-${hashOf([host, ...(await readAll(files))])}`);
  const done = await cached(join(directory, 'ready'), async (scratch) => {
    // An environment knows its own path and cannot be renamed: it is made in place, and the file `ready` says that it is whole.
    await run('python3', ['-m', 'venv', '--clear', join(directory, 'venv')]);
    const [requirements, tests, constraints] = files;
    await run(join(directory, 'venv/bin/python'), [
      '-m',
      'pip',
      'install',
      '-q',
      '-r',
      requirements,
      '-r',
      tests,
      '-c',
      constraints,
    ]);
    await writeFile(join(scratch, 'ready'), '');
    return join(scratch, 'ready');
  });
  return join(done, '../venv/bin/python');
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    console.log(
      `usage: node images/venv.ts [${NAMES.join('|')}]…\n\nMakes Python environments for tests and prints "name path-of-python" for each.`,
    );
  } else {
    const names = positionals.length > 0 ? positionals.map(parseName) : NAMES;
    for (const name of names) console.log(name, await venv(name));
  }
}

if (import.meta.main) {
  main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
