import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createCgroup, removeCgroup } from './cgroups.ts';
import { run } from './command.ts';
import { pathsOf } from './components.ts';
import { checkVisible, HIDDEN, openNamespaces } from './namespaces.ts';
import type { Namespaces } from './namespaces.ts';
import type { Plan } from './plan.ts';

/** Folder that the node sees → what is there; names hard-wired in the kubelet and in libcni. */
function mountPoints(plan: Plan): [string, string][] {
  const { kubelet, cni } = pathsOf(plan);
  return [
    ['/var/lib/kubelet', kubelet],
    ['/var/lib/cni', cni],
  ];
}

/** Makes the namespaces, mounts, link, routes and cgroup of a node that is off. `pause` is the program that holds them. */
export async function openNode(plan: Plan, pause: string): Promise<Namespaces> {
  checkVisible(plan.directory);
  const namespaces = await openNamespaces(plan.directory, pause, pathsOf(plan).log('node'));
  await createCgroup(plan.cgroup);
  const script = ['set -e', 'mount --make-rshared /'];
  for (const folder of HIDDEN) script.push(`mount -t tmpfs tmpfs ${folder}`);
  for (const [point, source] of mountPoints(plan)) {
    await mkdir(source, { recursive: true });
    script.push(`mkdir ${point}`, `mount --bind '${source}' ${point}`);
  }
  const peer = ['peer', 'name', 'eth0', 'netns', String(namespaces.init)];
  await run('ip', ['link', 'add', plan.link, 'type', 'veth', ...peer]);
  script.push(
    'echo 1 > /proc/sys/net/ipv4/ip_forward',
    'ip link set lo up',
    `ip addr add ${plan.address}/30 dev eth0`,
    'ip link set eth0 up',
    `ip route add default via ${plan.hostAddress}`,
  );
  const [program = '', ...args] = namespaces.inside(['sh', '-c', script.join('\n')]);
  await run(program, args);
  await run('ip', ['addr', 'add', `${plan.hostAddress}/30`, 'dev', plan.link]);
  await run('ip', ['link', 'set', plan.link, 'up']);
  for (const range of [plan.podRange, plan.serviceRange])
    await run('ip', ['route', 'add', range, 'via', plan.address]);
  return namespaces;
}

/** Removes what outlives the namespaces of a node whose processes are gone. */
export async function removeRemains(plan: Pick<Plan, 'link' | 'cgroup'>): Promise<void> {
  const isThere = () => existsSync(`/sys/class/net/${plan.link}`);
  // The kernel drops it with the network namespace, but that lives on for minutes when connections of killed processes wait in it for an
  // answer that nobody will give.
  if (isThere())
    await run('ip', ['link', 'delete', plan.link]).catch((error: unknown) => {
      if (isThere()) throw error;
    });
  await removeCgroup(plan.cgroup);
}
