import { copyFile, cp, mkdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cacheRoot, cached, hashOf, readAll } from './cache.ts';
import { debianLayer, OWN_NAMESPACES, requireRoot, SUITE } from './layer.ts';
import { here, IMAGES, type ImageName, parseImage, type Name } from './names.ts';
import { writeArchive, type ImageConfig } from './oci.ts';
import { buildOperatorImage } from './operator/image.ts';
import { run } from './run.ts';

/** An image as an OCI archive, for `ctr image import`, `kind load image-archive` or `docker load`. */
export interface Image {
  name: ImageName;
  /** `localhost/flowrun-<name>:<hash of everything that went in>`: with such a tag the kubelet never pulls an image that is there. */
  reference: string;
  archive: string;
}

const CONFIG: ImageConfig = {
  User: '1000',
  WorkingDir: '/home/flowrun',
  Env: [
    'PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    'HOME=/home/flowrun',
    'LANG=C.UTF-8',
    'PYTHONUNBUFFERED=1',
  ],
  Cmd: ['python3'],
};
// usr-is-merged takes usrmerge's place, which base.sh removes; it wants the links that the hook below makes.
const PACKAGES = ['python3', 'python3-venv', 'ca-certificates', 'tzdata', 'usr-is-merged'];

/**
 * Builds what is not in the cache, one image after the other; needs root, mmdebstrap, and PyPI and Debian's mirror in reach.
 * Safe to kill: mounts exist only in a mount namespace of the build's own.
 * @throws Error for an unknown name, and with the failed command's output when a step fails.
 */
export async function buildImages(
  names: readonly string[] = IMAGES,
  options: { progress?: (line: string) => void } = {},
): Promise<Image[]> {
  const { progress = () => {} } = options;
  const images: Image[] = [];
  for (const name of names.map(parseImage)) {
    images.push(
      name === 'operator'
        ? { name, ...(await buildOperatorImage(progress)) }
        : await buildImage(name, progress),
    );
  }
  return images;
}

async function buildImage(name: Name, progress: (line: string) => void): Promise<Image> {
  const baseHash = hashOf([process.arch, SUITE, ...PACKAGES, ...(await readAll([here('base.sh')]))]);
  const inputs = [here('install.sh'), here(name, 'requirements.txt'), here(name, 'constraints.txt')] as const;
  const hash = hashOf([baseHash, JSON.stringify(CONFIG), ...(await readAll(inputs))]);
  const reference = `localhost/flowrun-${name}:${hash}`;
  const archive = await cached(join(cacheRoot(), 'images', `${name}-${hash}.tar`), async (scratch) => {
    const base = await cached(join(cacheRoot(), 'images', `base-${baseHash}.tar`), (scratch) =>
      buildBase(scratch, progress),
    );
    const packages = await buildPackages(scratch, base, inputs, (line) => progress(`${name}: ${line}`));
    progress(`${name}: writing the archive`);
    await writeArchive(join(scratch, 'image.tar'), join(scratch, 'layout'), reference, CONFIG, [
      base,
      packages,
    ]);
    return join(scratch, 'image.tar');
  });
  return { name, reference, archive };
}

function buildBase(scratch: string, progress: (line: string) => void): Promise<string> {
  const hooks = [
    `--customize-hook=copy-in ${here('base.sh')} /tmp`,
    '--customize-hook=chroot "$1" sh /tmp/base.sh',
    '--customize-hook=rm "$1/tmp/base.sh"',
  ];
  return debianLayer(join(scratch, 'base.tar'), { variant: 'minbase', packages: PACKAGES, hooks }, progress);
}

/** Installs the Python packages in a scratch copy of the base and packs what that added. */
async function buildPackages(
  scratch: string,
  base: string,
  inputs: readonly [string, string, string],
  progress: (line: string) => void,
): Promise<string> {
  requireRoot();
  progress('installing the Python packages');
  const root = join(scratch, 'root');
  const [script, requirements, constraints] = inputs;
  await mkdir(join(root, 'tmp/flowrun'), { recursive: true });
  await run('tar', ['-C', root, '-xpf', base, '--numeric-owner']);
  await copyFile(script, join(root, 'tmp/flowrun/install.sh'));
  await copyFile(requirements, join(root, 'tmp/flowrun/requirements.txt'));
  await copyFile(constraints, join(root, 'tmp/flowrun/constraints.txt'));
  // The copy is thrown away, so the host's way to the network may go into it.
  const pipConfig = [
    process.env['PIP_CONFIG_FILE'],
    join(homedir(), '.config/pip/pip.conf'),
    join(homedir(), '.pip/pip.conf'),
    '/etc/pip.conf',
  ];
  await copyIfThere(['/etc/resolv.conf'], join(root, 'etc/resolv.conf'));
  await copyIfThere(['/etc/hosts'], join(root, 'etc/hosts'));
  await copyIfThere(['/etc/ssl/certs/ca-certificates.crt'], join(root, 'etc/ssl/certs/ca-certificates.crt'));
  await copyIfThere(pipConfig, join(root, 'etc/pip.conf'));
  const enter =
    'mkdir -p "$1/dev" "$1/proc" && mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && exec chroot "$1" sh /tmp/flowrun/install.sh';
  await run('setpriv', [...OWN_NAMESPACES, 'sh', '-c', enter, 'sh', root]);

  const layer = join(scratch, 'packages.tar');
  await run('tar', ['--sort=name', '--numeric-owner', '-C', root, '-cf', layer, 'usr/local', 'opt/flowrun']);
  return layer;
}

async function copyIfThere(candidates: readonly (string | undefined)[], target: string): Promise<void> {
  const source = candidates.find((path) => path !== undefined && existsSync(path));
  if (source !== undefined) await cp(source, target, { dereference: true, force: true });
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    console.log(`usage: node images/build.ts [${IMAGES.join('|')}]…

Builds the images (all by default) as OCI archives in ${cacheRoot()}/images and prints "reference archive"
for each. Needs no Docker and no registry, but root, and mmdebstrap,
which it installs where it is missing. What is in the cache is not built again.`);
  } else {
    const progress = (line: string) => console.error(line);
    for (const name of positionals.length > 0 ? positionals.map(parseImage) : IMAGES) {
      for (const image of await buildImages([name], { progress }))
        console.log(image.reference, image.archive);
    }
  }
}

if (import.meta.main) {
  main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
