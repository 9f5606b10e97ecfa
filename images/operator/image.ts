import { copyFile, mkdir, mkdtempDisposable, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheRoot, cached, hashOf, readAll } from '../cache.ts';
import { debianLayer, layerOf, SUITE } from '../layer.ts';
import { writeArchive, type ImageConfig } from '../oci.ts';
import { addBill, bundle } from './bundle.ts';

/** What the bill of materials is made of, beside the sources in the bundle. */
const BILL = [join(import.meta.dirname, '../../package-lock.json'), join(import.meta.dirname, 'sbom.ts')];

/** What Node is linked against, and nothing one could log in to. */
const PACKAGES = ['base-files', 'libc6', 'libgcc-s1', 'libstdc++6'];

const CONFIG: ImageConfig = {
  User: '65532',
  WorkingDir: '/',
  Env: ['PATH=/usr/local/bin', 'NODE_ENV=production'],
  Cmd: ['node', '/opt/flowrun/operator/main.js'],
};

/**
 * The operator's image as an OCI archive: Debian's C library, the `node` package's binary, and the bundle of the sources as they are
 * now, whose hash is part of the tag. Needs root where the cache lacks the base.
 */
export async function buildOperatorImage(
  progress: (line: string) => void,
): Promise<{ reference: string; archive: string }> {
  await using bundled = await mkdtempDisposable(join(tmpdir(), 'flowrun-operator-'));
  const sources = await bundle(bundled.path);
  const files = await readdir(bundled.path, { recursive: true, withFileTypes: true });
  const paths = files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .sort();
  const require = createRequire(import.meta.url);
  const hash = hashOf([
    process.arch,
    SUITE,
    ...PACKAGES,
    JSON.stringify(CONFIG),
    ...(await readAll([require.resolve('node/package.json'), ...BILL, ...paths])),
  ]);
  const reference = `localhost/flowrun-operator:${hash}`;
  const archive = await cached(join(cacheRoot(), 'images', `operator-${hash}.tar`), async (scratch) => {
    const base = await cached(join(cacheRoot(), 'images', `operator-base-${hashOf(PACKAGES)}.tar`), (own) =>
      debianLayer(join(own, 'base.tar'), { variant: 'extract', packages: PACKAGES }, progress),
    );
    progress('operator: writing the archive');
    await addBill(bundled.path, sources);
    const root = join(scratch, 'root');
    await mkdir(join(root, 'usr/local/bin'), { recursive: true });
    await copyFile(require.resolve('node/bin/node'), join(root, 'usr/local/bin/node'));
    const layers = [
      base,
      await layerOf(root, join(scratch, 'node.tar'), ['usr']),
      await layerOf(bundled.path, join(scratch, 'bundle.tar'), ['.'], 'opt/flowrun'),
    ];
    await writeArchive(join(scratch, 'image.tar'), join(scratch, 'layout'), reference, CONFIG, layers);
    return join(scratch, 'image.tar');
  });
  return { reference, archive };
}
