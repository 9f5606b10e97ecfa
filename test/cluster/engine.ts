import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, cacheRoot } from '../../images/cache.ts';
import { installPackages, isInstalled } from '../../images/debian.ts';
import { ensureBinaries } from './binaries.ts';
import { createCgroup } from './cgroups.ts';
import { run } from './command.ts';
import { withLock } from './lock.ts';
import { checkVisible, openNamespaces } from './namespaces.ts';
import { removeRemains } from './node.ts';
import { waitFor } from './probe.ts';
import { findProcesses, killProcesses, start } from './processes.ts';
import { silent } from './progress.ts';
import type { Progress } from './progress.ts';

/** What dockerd needs besides its own packages: program → Debian package. */
const TOOLS = {
  runc: 'runc',
  iptables: 'iptables',
  jq: 'jq',
  ip: 'iproute2',
  nsenter: 'util-linux',
  mount: 'mount',
};
const LIBRARIES = ['libdevmapper1.02.1', 'libsystemd0'];

/** Published ports are reached at `address`; it and the link's end on the host are of no use to any local cluster. */
export const ENGINE = {
  address: '10.246.254.2',
  hostAddress: '10.246.254.1',
  link: 'flowrun-docker',
  cgroup: 'flowrun-docker',
} as const;

const directory = () => join(cacheRoot(), 'docker');
const socket = () => join(directory(), 'docker.sock');

/** Environment of programs that talk to the engine. Proxies are left out: kind would hand them on to its nodes. */
export async function engineEnvironment(progress: Progress): Promise<NodeJS.ProcessEnv> {
  const programs = await ensureDocker(progress);
  const own = Object.entries(process.env).filter(([name]) => !/_proxy$|^DOCKER_/i.test(name));
  return {
    ...Object.fromEntries(own),
    DOCKER_HOST: `unix://${socket()}`,
    DOCKER_CONFIG: join(directory(), 'client'),
    PATH: `${programs}:${process.env['PATH'] ?? ''}`,
  };
}

/** Whether anything of an engine exists, running or left behind. */
export function engineExists(): boolean {
  return existsSync(directory());
}

/**
 * Debian's dockerd in namespaces of its own, for a machine without Docker. Its bridges, rules, mounts and containers go with the
 * namespaces when it is stopped or dies; what it stores is below one folder. An engine that answers is left alone.
 */
export async function startEngine(progress: Progress): Promise<NodeJS.ProcessEnv> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Error('without Docker, kind needs Linux and root here: run it with sudo, or install Docker');
  checkVisible(directory());
  const env = await engineEnvironment(progress);
  await withLock(lockPath(), async () => {
    if (await answers(env)) return;
    await turnOff();
    await progress.during('starting Docker', () => turnOn(env));
  });
  return env;
}

/** Turns the engine off with all its containers, and removes all it stored. One that does not exist is fine. */
export async function removeEngine(): Promise<void> {
  await withLock(lockPath(), async () => {
    await turnOff();
    await rm(directory(), { recursive: true, force: true, maxRetries: 3 });
  });
}

async function turnOff(): Promise<void> {
  await killProcesses(directory());
  await removeRemains(ENGINE);
  for (const entry of ['run', 'docker.sock'])
    await rm(join(directory(), entry), { recursive: true, force: true });
}

async function turnOn(env: NodeJS.ProcessEnv): Promise<void> {
  const below = (entry: string) => join(directory(), entry);
  for (const entry of ['data', 'run', 'log', 'client']) await mkdir(below(entry), { recursive: true });
  const pause = join(await ensureBinaries('pause', silent), 'pause');
  const namespaces = await openNamespaces(directory(), pause, below('log/node.log'));
  try {
    await createCgroup(ENGINE.cgroup);
    await run('ip', [
      'link',
      'add',
      ENGINE.link,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      String(namespaces.init),
    ]);
    const script = [
      'set -e',
      'for folder in /run /var/log /var/lib; do mount -t tmpfs tmpfs $folder; done',
      // dockerd writes a key of its own to /etc/docker, whatever its configuration says.
      'mkdir -p /run/etc/upper /run/etc/work',
      'mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work /etc',
      'ip link set lo up',
      `ip addr add ${ENGINE.address}/30 dev eth0`,
      'ip link set eth0 up',
      `ip route add default via ${ENGINE.hostAddress}`,
    ];
    const [program = '', ...args] = namespaces.inside(['sh', '-c', script.join('\n')]);
    await run(program, args);
    await run('ip', ['addr', 'add', `${ENGINE.hostAddress}/30`, 'dev', ENGINE.link]);
    await run('ip', ['link', 'set', ENGINE.link, 'up']);
    const dockerd = start(
      directory(),
      'dockerd',
      namespaces.inside([
        'env',
        `PATH=${env['PATH']}:/usr/sbin:/sbin`,
        'dockerd',
        `--data-root=${below('data')}`,
        `--exec-root=${below('run')}`,
        `--pidfile=${below('run/docker.pid')}`,
        `--host=unix://${socket()}`,
        `--cgroup-parent=/${ENGINE.cgroup}`,
        '--exec-opt=native.cgroupdriver=cgroupfs',
        `--add-runtime=lesser=${join(import.meta.dirname, 'kind-node/runtime')}`,
        '--default-runtime=lesser',
      ]),
      below('log/dockerd.log'),
    );
    await Promise.race([waitFor('Docker', () => answers(env)), dockerd.failed]);
    namespaces.holder.release();
    dockerd.release();
  } catch (error) {
    await turnOff();
    throw error;
  }
}

async function answers(env: NodeJS.ProcessEnv): Promise<boolean> {
  if (!existsSync(socket()) || findProcesses(directory()).length === 0) return false;
  return run('docker', ['info'], { env, timeoutSeconds: 10 }).then(
    () => true,
    () => false,
  );
}

/** Unpacked and not installed, because Debian's package would start the daemon and make a group for it. */
async function ensureDocker(progress: Progress): Promise<string> {
  const missing = Object.entries(TOOLS).filter(([program]) => !isInstalled(program));
  if (missing.length > 0) await installPackages(missing.map(([, name]) => name));
  const folder = await cached(join(cacheRoot(), 'bin', 'docker-debian'), (scratch) =>
    progress.during("unpacking Debian's Docker", async () => {
      await installPackages(LIBRARIES);
      const packages = join(scratch, 'packages');
      await mkdir(packages);
      await run('apt-get', ['download', 'docker.io', 'containerd'], { cwd: packages, timeoutSeconds: 600 });
      await run('sh', [
        '-ec',
        'for package in "$1"/*.deb; do dpkg-deb -x "$package" "$2"; done',
        'sh',
        packages,
        join(scratch, 'root'),
      ]);
      return join(scratch, 'root/usr');
    }),
  );
  return `${join(folder, 'bin')}:${join(folder, 'sbin')}`;
}

const lockPath = () => join(cacheRoot(), 'clusters', '.docker.lock');
