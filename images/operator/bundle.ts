import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { sbomOf } from './sbom.ts';

const TOP = join(import.meta.dirname, '../..');

/** Some of the operator's dependencies are CommonJS and ask for Node's own modules by `require`. */
const REQUIRE =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * Writes the operator as it is shipped into the folder `target`: `operator/main.js`, everything in one file, and the Python programs
 * that travel with each attempt, which it looks for beside its own folder.
 * @returns the paths of all sources that are in the bundle, from the top of the repository.
 */
export async function bundle(target: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [join(TOP, 'src/main.ts')],
    outfile: join(target, 'operator/main.js'),
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    keepNames: true,
    banner: { js: REQUIRE },
    legalComments: 'none',
    logLevel: 'warning',
    absWorkingDir: TOP,
    metafile: true,
  });
  for (const folder of ['launcher', 'dask/python']) {
    await mkdir(join(target, folder), { recursive: true });
    await cp(join(TOP, 'src', folder), join(target, folder), {
      recursive: true,
      filter: (path) => !/(\.ts|__pycache__|(test_|conftest)[^/]*)$/.test(path),
    });
  }
  return Object.keys(metafile.inputs);
}

/** Writes the bill of materials of a bundle of these sources beside it, as `sbom.cdx.json`. Asks npm, which takes it a second. */
export async function addBill(target: string, sources: readonly string[]): Promise<void> {
  await writeFile(join(target, 'sbom.cdx.json'), await sbomOf(sources));
}

if (import.meta.main) {
  const { positionals } = parseArgs({ allowPositionals: true });
  const target = positionals[0] ?? join(TOP, 'dist');
  await addBill(target, await bundle(target));
}
