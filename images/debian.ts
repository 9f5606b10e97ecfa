import { existsSync } from 'node:fs';
import { run } from './run.ts';

/** Whether the program can be found, also where only root looks. */
export function isInstalled(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.some((folder) => existsSync(`${folder}/${program}`));
}

/** Installs Debian packages, after asking for the present lists. @throws Error that names the packages where it cannot: no root, no apt. */
export async function installPackages(packages: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) {
    throw new Error(
      `these packages are missing: ${packages.join(', ')} (names as in Debian); install them and try again`,
    );
  }
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  await run('apt-get', ['update'], options);
  await run('apt-get', ['install', '--yes', '--no-install-recommends', ...packages], options);
}
