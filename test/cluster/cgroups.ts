import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from './probe.ts';

const CGROUPS = '/sys/fs/cgroup';

/** cgroup v2 has one root, v1 one for each controller. */
async function cgroupRoots(): Promise<string[]> {
  if (existsSync(join(CGROUPS, 'cgroup.controllers'))) return [CGROUPS];
  const entries = await readdir(CGROUPS, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(CGROUPS, entry.name));
}

/** Makes the cgroup `name` at the top of every hierarchy, with all controllers. */
export async function createCgroup(name: string): Promise<void> {
  for (const root of await cgroupRoots()) {
    const directory = join(root, name);
    await mkdir(directory, { recursive: true });
    if (root === CGROUPS) {
      const controllers = readFileSync(join(root, 'cgroup.controllers'), 'utf8').trim().split(' ');
      for (const parent of [root, directory]) {
        await writeFile(join(parent, 'cgroup.subtree_control'), controllers.map((c) => `+${c}`).join(' '));
      }
    }
    // A v1 cpuset admits no process until it names its processors and memory.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (existsSync(join(directory, file)) && root !== CGROUPS) {
        await writeFile(join(directory, file), readFileSync(join(root, file)));
      }
    }
  }
}

/** Removes the cgroup with all below it; waits up to 20 s for processes of it that are still ending. */
export async function removeCgroup(name: string): Promise<void> {
  for (const root of await cgroupRoots()) {
    const directory = join(root, name);
    if (existsSync(directory))
      await waitFor(`the cgroup ${directory} to go`, () => removeTree(directory), 20);
  }
}

/** Removes a cgroup with its descendants; false while processes of it are still ending. */
async function removeTree(directory: string): Promise<boolean> {
  if (!existsSync(directory)) return true;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(directory, entry.name));
  }
  return rmdir(directory).then(
    () => true,
    () => false,
  );
}
