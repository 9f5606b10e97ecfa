import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import { pathsOf } from './components.ts';
import type { Plan } from './plan.ts';
import { waitFor } from './probe.ts';
import { start } from './processes.ts';
import type { Started } from './processes.ts';

/**
 * A node lives in network, mount and process namespaces of its own, held by one process. When that ends, the kernel ends
 * every process of the node and drops every mount, interface, route and rule with it: turning the node off is one kill,
 * and whatever a crash leaves behind is gone the same way. Only cgroups remain to be removed. Nothing is mounted on a folder of the
 * host: its removal, say by another cluster that goes, would take the mount with it.
 */
export interface Node {
  readonly holder: Started;
  /** The command line that runs `argv` inside. */
  inside(argv: readonly string[]): string[];
}

const CGROUPS = '/sys/fs/cgroup';

/** Hidden from the node by file systems of its own. */
const HIDDEN = ['/run', '/var/log', '/var/lib'];

/** Folder that the node sees → what is there; names hard-wired in the kubelet and in libcni. */
function mountPoints(plan: Plan): [string, string][] {
  const { kubelet, cni } = pathsOf(plan);
  return [
    ['/var/lib/kubelet', kubelet],
    ['/var/lib/cni', cni],
  ];
}

/** Makes the namespaces, mounts, link, routes and cgroup of a node that is off. `pause` is the program that holds them. */
export async function openNode(plan: Plan, pause: string): Promise<Node> {
  const hidden = HIDDEN.find((folder) => plan.directory.startsWith(`${folder}/`));
  if (hidden !== undefined) {
    throw new Error(
      `the node does not see ${hidden}; choose another cache folder than ${plan.directory} (FLOWRUN_CACHE)`,
    );
  }
  const holder = start(
    plan.directory,
    'node',
    ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', pause],
    pathsOf(plan).log('node'),
  );
  await Promise.race([
    holder.failed,
    waitFor('the namespaces of the node', async () => initOf(holder.pid) !== undefined, 10),
  ]);
  const init = initOf(holder.pid);
  if (init === undefined) throw new Error('the holder of the namespaces ended at once');
  const inside = (argv: readonly string[]) => [
    'nsenter',
    '--target',
    String(init),
    '--net',
    '--mount',
    '--pid',
    '--',
    ...argv,
  ];
  await createCgroup(plan.cgroup);
  const script = ['set -e', 'mount --make-rshared /'];
  for (const folder of HIDDEN) script.push(`mount -t tmpfs tmpfs ${folder}`);
  for (const [point, source] of mountPoints(plan)) {
    await mkdir(source, { recursive: true });
    script.push(`mkdir ${point}`, `mount --bind '${source}' ${point}`);
  }
  await run('ip', ['link', 'add', plan.link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(init)]);
  script.push(
    'echo 1 > /proc/sys/net/ipv4/ip_forward',
    'ip link set lo up',
    `ip addr add ${plan.address}/30 dev eth0`,
    'ip link set eth0 up',
    `ip route add default via ${plan.hostAddress}`,
  );
  const [program = '', ...args] = inside(['sh', '-c', script.join('\n')]);
  await run(program, args);
  await run('ip', ['addr', 'add', `${plan.hostAddress}/30`, 'dev', plan.link]);
  await run('ip', ['link', 'set', plan.link, 'up']);
  for (const range of [plan.podRange, plan.serviceRange])
    await run('ip', ['route', 'add', range, 'via', plan.address]);
  return { holder, inside };
}

/** Removes what outlives the namespaces of a node whose processes are gone. */
export async function removeRemains(plan: Plan): Promise<void> {
  await waitFor(`the link ${plan.link} to go`, async () => !existsSync(`/sys/class/net/${plan.link}`), 20);
  for (const root of await cgroupRoots()) {
    const directory = join(root, plan.cgroup);
    if (existsSync(directory))
      await waitFor(`the cgroup ${directory} to go`, () => removeTree(directory), 20);
  }
}

/** The process that is number 1 inside, as the host numbers it, once it is `pause` and the namespaces are complete. */
function initOf(holder: number): number | undefined {
  try {
    const child = Number(
      readFileSync(`/proc/${holder}/task/${holder}/children`, 'utf8').trim().split(' ')[0],
    );
    return child > 0 && readFileSync(`/proc/${child}/comm`, 'utf8').trim() === 'pause' ? child : undefined;
  } catch {
    return undefined;
  }
}

/** cgroup v2 has one root, v1 one for each controller. */
async function cgroupRoots(): Promise<string[]> {
  if (existsSync(join(CGROUPS, 'cgroup.controllers'))) return [CGROUPS];
  const entries = await readdir(CGROUPS, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(CGROUPS, entry.name));
}

async function createCgroup(name: string): Promise<void> {
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
