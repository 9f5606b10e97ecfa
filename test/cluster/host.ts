import { existsSync } from 'node:fs';
import { installPackages, isInstalled } from '../../images/debian.ts';
import type { Progress } from './progress.ts';

/** Program → Debian package that brings it. */
const CONTROL_PLANE_TOOLS = { openssl: 'openssl', flock: 'util-linux' };
const NODE_TOOLS = {
  runc: 'runc',
  nft: 'nftables',
  ip: 'iproute2',
  mount: 'mount',
  nsenter: 'util-linux',
  unshare: 'util-linux',
};
const CNI_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'];

/** Folder of the CNI plugins that the node uses, or undefined. */
export function cniFolder(): string | undefined {
  return CNI_FOLDERS.find((folder) => existsSync(`${folder}/ptp`) && existsSync(`${folder}/host-local`));
}

/** Installs the host's missing tools with apt, as root; throws with what to install where that cannot be done. */
export async function ensureHostTools(node: boolean, progress: Progress): Promise<void> {
  if (process.platform !== 'linux')
    throw new Error('the local cluster needs Linux; use `--provider kind` here');
  if (node && process.getuid?.() !== 0) {
    throw new Error(
      'a cluster with a node needs root; run it with sudo, or use `--control-plane-only` or `--provider kind`',
    );
  }
  const wanted = Object.entries(node ? { ...CONTROL_PLANE_TOOLS, ...NODE_TOOLS } : CONTROL_PLANE_TOOLS);
  const missing = new Set(wanted.filter(([program]) => !isInstalled(program)).map(([, name]) => name));
  if (node && cniFolder() === undefined) missing.add('containernetworking-plugins');
  if (missing.size === 0) return;
  const packages = [...missing];
  await progress.during(`installing ${packages.join(', ')}`, () => installPackages(packages));
}
