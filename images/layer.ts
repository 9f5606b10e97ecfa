import { installPackages, isInstalled } from './debian.ts';
import { run } from './run.ts';

export const SUITE = 'bookworm';

export interface DebianLayer {
  /** `minbase`: a Debian one can work in. `extract`: the packages' files and nothing else, not even a shell. */
  variant: 'minbase' | 'extract';
  packages: readonly string[];
  /** Further arguments of mmdebstrap. */
  hooks?: readonly string[];
}

/**
 * Unpacks Debian packages into the uncompressed tar file `target` and returns its path. Safe to kill.
 * @throws Error without root, and with the failed command's output.
 */
export async function debianLayer(
  target: string,
  { variant, packages, hooks = [] }: DebianLayer,
  progress: (line: string) => void,
): Promise<string> {
  requireRoot();
  if (!isInstalled('mmdebstrap')) {
    progress('base: installing mmdebstrap, which unpacks a Debian without a registry');
    await installPackages(['mmdebstrap']);
  }
  progress(`base: installing Debian ${SUITE} with ${packages.join(', ')}`);
  const options = ['--mode=root', `--variant=${variant}`, '--skip=output/dev'];
  await run('setpriv', [
    ...OWN_NAMESPACES,
    'mmdebstrap',
    ...options,
    `--include=${packages.join(',')}`,
    ...hooks,
    SUITE,
    target,
  ]);
  return target;
}

/** A layer of what is in `root`, owned by root and of no time, under `prefix`. */
export async function layerOf(
  root: string,
  layer: string,
  paths: readonly string[],
  prefix?: string,
): Promise<string> {
  await run('tar', [
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--mode=u=rwX,go=rX',
    ...(prefix === undefined ? [] : [`--transform=s,^\\.,${prefix},`]),
    '-C',
    root,
    '-cf',
    layer,
    ...paths,
  ]);
  return layer;
}

/** Arguments of `setpriv` before a command: what it mounts is never seen outside, and all it started ends with it or with this process. */
export const OWN_NAMESPACES = [
  '--pdeathsig',
  'KILL',
  'unshare',
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  '--',
];

export function requireRoot(): void {
  if (process.getuid?.() !== 0)
    throw new Error(
      'building an image without Docker needs root; with Docker: docker build -f images/<name>/Dockerfile .',
    );
}
