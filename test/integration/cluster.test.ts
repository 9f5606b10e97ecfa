import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { up } from '../cluster/api.ts';
import { run } from '../cluster/command.ts';
import { stopLocal } from '../cluster/local.ts';
import { createAsk } from '../cluster/probe.ts';
import { findProcesses } from '../cluster/processes.ts';
import { silent } from '../cluster/progress.ts';
import { readCluster } from '../cluster/state.ts';
import type { Plan } from '../cluster/plan.ts';

const MAIN = join(import.meta.dirname, '..', 'cluster', 'main.ts');

function planOf(name: string): Plan {
  const plan = readCluster(name)?.plan;
  if (plan === undefined) throw new Error(`no cluster ${name} is recorded`);
  return plan;
}

/** Everything of the cluster that the host shows. A container that still ran would show as a cgroup. */
async function tracesOf({ directory, cgroup, link, podRange }: Plan): Promise<string[]> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const routes = existsSync('/usr/sbin/ip') ? await run('ip', ['route']) : '';
  return [
    ...findProcesses(directory).map(({ component }) => `process ${component}`),
    ...mounts.filter((line) => line.includes(directory)),
    ...globSync([`/sys/fs/cgroup/${cgroup}`, `/sys/fs/cgroup/*/${cgroup}`]),
    ...globSync(`/sys/class/net/${link}`),
    ...routes.split('\n').filter((line) => line.startsWith(podRange)),
  ];
}

function killAll({ directory }: Plan): void {
  for (const { pid } of findProcesses(directory)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it went with the namespaces of one killed before
    }
  }
}

test('a control plane comes up, is left alone by a second up, and leaves nothing behind', async () => {
  const options = { name: 'it-plane', controlPlaneOnly: true, audit: true };
  onTestFinished(() => stopLocal(options.name, true, silent));
  const cluster = await up(options);
  const plan = planOf(options.name);
  const kubectl = (...args: string[]) => run(cluster.kubectl, ['--kubeconfig', cluster.kubeconfig, ...args]);
  await kubectl('create', 'configmap', 'witness');

  const before = findProcesses(plan.directory).map(({ pid }) => pid);
  await up(options);
  expect(findProcesses(plan.directory).map(({ pid }) => pid)).toEqual(before);

  const Event = z.object({ level: z.string(), verb: z.string(), user: z.object({ username: z.string() }) });
  const lines = readFileSync(cluster.auditLog ?? '', 'utf8')
    .trim()
    .split('\n');
  const events = lines.map((line) => Event.parse(JSON.parse(line)));
  expect(events).toContainEqual({ level: 'Metadata', verb: 'create', user: { username: 'admin' } });
  expect(new Set(events.map(({ user }) => user.username))).toEqual(new Set(['admin']));

  await stopLocal(options.name, false, silent);
  expect(await tracesOf(plan)).toEqual([]);
  await up(options);
  expect(await kubectl('get', 'configmap', 'witness', '--output', 'name')).toBe('configmap/witness\n');

  await cluster.down();
  expect(await tracesOf(plan)).toEqual([]);
  expect(existsSync(plan.directory)).toBe(false);
});

test('pods can be created without a controller manager', async () => {
  const options = { name: 'it-bare', controlPlaneOnly: true, controllerManager: false };
  onTestFinished(() => stopLocal(options.name, true, silent));
  const { kubectl, kubeconfig } = await up(options);
  const output = await run(kubectl, [
    '--kubeconfig',
    kubeconfig,
    'run',
    'idle',
    '--image',
    'localhost/pause:1',
  ]);
  expect(output).toBe('pod/idle created\n');
});

test('an up that was killed half-way is cleared by the next one', async () => {
  const name = 'it-killed';
  onTestFinished(() => stopLocal(name, true, silent));
  const first = spawn(process.execPath, [
    MAIN,
    'up',
    '--provider',
    'local',
    '--control-plane-only',
    '--name',
    name,
  ]);
  const ended = once(first, 'exit');
  await expect
    .poll(() => readCluster(name) !== undefined && findProcesses(planOf(name).directory).length, {
      timeout: 60_000,
    })
    .toBeGreaterThan(0);
  first.kill('SIGKILL');
  await ended;
  const { kubeconfig, kubectl } = await up({ name, controlPlaneOnly: true });
  expect(await run(kubectl, ['--kubeconfig', kubeconfig, 'get', '--raw', '/readyz'])).toBe('ok');
  const components = findProcesses(planOf(name).directory).map(({ component }) => component);
  expect(components.toSorted()).toEqual(['etcd', 'kube-apiserver', 'kube-controller-manager']);
});

test('a node survives the sudden death of all its processes, and leaves nothing behind', async () => {
  const options = { name: 'it-node', controlPlaneOnly: false };
  onTestFinished(() => stopLocal(options.name, true, silent));
  const cluster = await up(options);
  const plan = planOf(options.name);
  const kubectl = (...args: string[]) => run(cluster.kubectl, ['--kubeconfig', cluster.kubeconfig, ...args]);
  await kubectl('run', 'idle', '--image', 'localhost/pause:1', '--image-pull-policy', 'Never');
  await kubectl('wait', '--for=condition=Ready', 'pod/idle', '--timeout=60s');

  const resolver = new Resolver({ timeout: 2000, tries: 3 });
  resolver.setServers([plan.address]);
  expect(await resolver.resolve4('kubernetes.default.svc.cluster.local')).toEqual([plan.serviceAddress]);
  const throughService = await createAsk({ ...plan, server: `https://${plan.serviceAddress}` });
  expect((await throughService('/readyz')).body).toBe('ok');
  expect(await tracesOf(plan)).toEqual(
    expect.arrayContaining(['process kubelet', `/sys/class/net/${plan.link}`]),
  );

  killAll(plan);
  await up(options);
  const restarts =
    'jsonpath={.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].ready}';
  await expect
    .poll(() => kubectl('get', 'pod', 'idle', '--output', restarts), { timeout: 60_000, interval: 500 })
    .toBe('1 true');

  killAll(plan);
  await cluster.down();
  expect(await tracesOf(plan)).toEqual([]);
  expect(existsSync(plan.directory)).toBe(false);
});

test('a cluster that goes takes nothing from one that stands beside it', async () => {
  const names = ['it-stays', 'it-goes'] as const;
  onTestFinished(async () => {
    for (const name of names) await stopLocal(name, true, silent);
  });
  const [stays, goes] = await Promise.all(names.map((name) => up({ name, controlPlaneOnly: false })));
  await goes?.down();
  const { kubectl = '', kubeconfig = '' } = stays ?? {};
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'idle' },
    spec: {
      containers: [
        {
          name: 'idle',
          image: 'localhost/pause:1',
          volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
        },
      ],
      volumes: [{ name: 'scratch', emptyDir: {} }],
    },
  };
  await run(kubectl, ['--kubeconfig', kubeconfig, 'apply', '-f', '-'], { input: JSON.stringify(pod) });
  const wait = ['wait', '--for=condition=Ready', 'pod/idle', '--timeout=60s'];
  await run(kubectl, ['--kubeconfig', kubeconfig, ...wait]);
  // Its volume lies in the folder of the cluster, not in one of the host.
  const scratch = `${planOf('it-stays').directory}/kubelet/pods/*/volumes/kubernetes.io~empty-dir/scratch`;
  expect(globSync(scratch)).toHaveLength(1);
});
