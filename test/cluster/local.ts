import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ensureBinaries } from './binaries.ts';
import { apiServer, controllerManager, etcd, kubelet, kubeProxy, pathsOf, scheduler } from './components.ts';
import type { Component } from './components.ts';
import { cniFolder, ensureHostTools } from './host.ts';
import { importArchives, pauseArchive } from './image-import.ts';
import { openNode, removeRemains } from './node.ts';

import { ensurePki } from './pki.ts';
import type { Shape } from './plan.ts';
import { createAsk, plainStatus, waitFor } from './probe.ts';
import type { Ask } from './probe.ts';
import { findProcesses, killProcesses, start } from './processes.ts';
import type { Started } from './processes.ts';
import type { Progress } from './progress.ts';
import { settingsFor } from './settings.ts';
import { readCluster, recordCluster, removeCluster, isHalfRemoved, withClusterLock } from './state.ts';
import type { Cluster } from './state.ts';

/** A cluster that answers. */
export interface Running {
  readonly kubeconfig: string;
  /** Path of a kubectl of the cluster's version. */
  readonly kubectl: string;
  /** Present when the cluster was started with `audit`. */
  readonly auditLog?: string;
}

/**
 * Brings the cluster up as `shape` says and returns when it can be used. A cluster that already runs so is left alone; one that
 * is broken, or of another shape, is turned off first. `archives` are image archives to import, made meanwhile.
 */
export async function startLocal(
  name: string,
  shape: Shape,
  archives: () => Promise<readonly string[]>,
  progress: Progress,
): Promise<Running> {
  const body = async () => {
    await ensureHostTools(!shape.controlPlaneOnly, progress);
    const images = shape.controlPlaneOnly ? Promise.resolve([]) : archives();
    // Awaited below, after the builds beside which it runs.
    images.catch(() => {});
    const hyper = await ensureBinaries('hyper', progress);
    const known = await readWhole(name);
    if (known !== undefined && known.shape.controlPlaneOnly !== shape.controlPlaneOnly) {
      throw new Error(
        `cluster ${name} exists ${known.shape.controlPlaneOnly ? 'without' : 'with'} a node; ` +
          `remove it first with \`npm run cluster -- down --wipe --name ${name}\`, or choose another --name`,
      );
    }
    const same = known !== undefined && JSON.stringify(known.shape) === JSON.stringify(shape);
    const cluster = same ? known : await recordCluster(name, shape);
    if (!(same && (await isHealthy(cluster)))) {
      await turnOff(cluster);
      await turnOn(cluster, hyper, progress);
    }
    if (!shape.controlPlaneOnly) {
      const ctr = join(await ensureBinaries('containerd', progress), 'ctr');
      await importArchives(cluster.plan, ctr, await images, progress);
    }
    progress.done(`cluster ${name} is ready`);
    return runningOf(cluster, hyper);
  };
  return withClusterLock(name, body, () =>
    progress.done(`waiting for another process that works on cluster ${name}`),
  );
}

/** The cluster as it was recorded; one whose removal was interrupted is removed first. */
async function readWhole(name: string): Promise<Cluster | undefined> {
  const known = readCluster(name);
  if (known === undefined || !isHalfRemoved(known)) return known;
  await turnOff(known);
  await removeCluster(known);
  return undefined;
}

/** Turns the cluster off; what is stored in it stays, unless `wipe`. A cluster that does not exist is fine. */
export async function stopLocal(name: string, wipe: boolean, progress: Progress): Promise<void> {
  await withClusterLock(name, async () => {
    const cluster = readCluster(name);
    if (cluster === undefined) return progress.done(`there is no cluster ${name}`);
    await turnOff(cluster);
    progress.done(`cluster ${name} is off: no process, mount, interface, cgroup of it is left`);
    if (!wipe) return undefined;
    await removeCluster(cluster);
    return progress.done(`its data are removed`);
  });
}

/** Imports more images into a cluster that runs with a node. */
export async function loadLocal(
  name: string,
  archives: () => Promise<readonly string[]>,
  progress: Progress,
): Promise<void> {
  await withClusterLock(name, async () => {
    const cluster = readCluster(name);
    if (cluster === undefined || cluster.shape.controlPlaneOnly || !(await isHealthy(cluster))) {
      throw new Error(
        `no cluster ${name} runs with a node: start it with \`npm run cluster -- up --name ${name}\``,
      );
    }
    const ctr = join(await ensureBinaries('containerd', progress), 'ctr');
    await importArchives(cluster.plan, ctr, await archives(), progress);
    progress.done(`the images are in cluster ${name}`);
  });
}

/** How to use a cluster; `hyper` is the folder of the Kubernetes programs. */
export function runningOf({ plan, shape }: Cluster, hyper: string): Running {
  return {
    kubeconfig: plan.kubeconfig,
    kubectl: join(hyper, 'kubectl'),
    ...(shape.audit ? { auditLog: pathsOf(plan).auditLog } : {}),
  };
}

async function turnOff({ plan, shape }: Cluster): Promise<void> {
  await killProcesses(plan.directory);
  if (!shape.controlPlaneOnly) await removeRemains(plan);
  await rm(pathsOf(plan).runtime, { recursive: true, force: true });
}

async function isHealthy(cluster: Cluster): Promise<boolean> {
  const living = new Set(findProcesses(cluster.plan.directory).map(({ component }) => component));
  if (!componentNames(cluster.shape).every((name) => living.has(name))) return false;
  const ask = await createAsk(cluster.plan);
  return ask('/readyz').then(
    ({ status }) => status === 200,
    () => false,
  );
}

/** Names of all processes that a healthy cluster has. */
function componentNames(shape: Shape): string[] {
  return [
    'etcd',
    'kube-apiserver',
    ...(shape.controllerManager ? ['kube-controller-manager'] : []),
    ...(shape.scheduler ? ['kube-scheduler'] : []),
    ...(shape.controlPlaneOnly ? [] : ['node', 'containerd', 'kubelet', 'kube-proxy', 'coredns']),
  ];
}

async function turnOn(cluster: Cluster, hyper: string, progress: Progress): Promise<void> {
  const { plan, shape } = cluster;
  const binaries = shape.controlPlaneOnly ? undefined : await nodeBinaries(progress);
  const paths = pathsOf(plan);
  for (const directory of [paths.logs, paths.runtime, paths.imported])
    await mkdir(directory, { recursive: true });
  for (const [file, text] of Object.entries(settingsFor(plan, cniFolder() ?? '/usr/lib/cni'))) {
    await mkdir(dirname(paths.setting(file)), { recursive: true });
    await writeFile(paths.setting(file), text);
  }
  await rm(paths.auditLog, { force: true });
  await ensurePki(plan);
  await copyFile(paths.pki('admin.conf'), plan.kubeconfig);
  progress.done('certificates and settings');

  const started: Started[] = [];
  try {
    const node = binaries === undefined ? undefined : await openNode(plan, binaries.pause);
    if (node !== undefined) started.push(node.holder);
    const launch = (name: string, argv: readonly string[]) =>
      started.push(start(plan.directory, name, node?.inside(argv) ?? argv, paths.log(name)));
    const launchHyper = ({ name, args }: Component) => launch(name, [join(hyper, 'hyper'), name, ...args]);
    const living = async (wait: Promise<void>) => {
      await Promise.race([wait, ...started.map(({ failed }) => failed)]);
    };

    if (binaries !== undefined)
      launch('containerd', [...binaries.containerd, '--config', paths.setting('containerd.toml')]);
    launchHyper(etcd(plan));
    launchHyper(apiServer(plan, shape));
    const ask = await createAsk(plan);
    await living(waitFor('the API server', async () => (await ask('/readyz')).status === 200));
    // Not before: the controller manager ends when the API server has not set up its roles within ten seconds.
    if (shape.controllerManager) launchHyper(controllerManager(plan, shape));
    if (shape.scheduler) launchHyper(scheduler(plan));
    progress.done('API server answers');

    if (node !== undefined && binaries !== undefined) {
      launchHyper(kubelet(plan));
      launchHyper(kubeProxy(plan));
      launch('coredns', [binaries.coredns, '-conf', paths.setting('Corefile')]);
      await importArchives(plan, binaries.ctr, [await pauseArchive(binaries.pause)], progress);
      await living(waitFor('the node to be Ready', () => isNodeReady(ask, plan.nodeName)));
      await living(
        waitFor('Services', async () => (await plainStatus(`http://${plan.address}:10256/healthz`)) === 200),
      );
      await living(
        waitFor('DNS', async () => (await plainStatus(`http://${plan.address}:8181/ready`)) === 200),
      );
      progress.done('node, Services and DNS are ready');
    }
    if (shape.controllerManager) {
      const account = '/api/v1/namespaces/default/serviceaccounts/default';
      await living(waitFor('the default ServiceAccount', async () => (await ask(account)).status === 200));
    }
  } catch (error) {
    await turnOff(cluster);
    throw error;
  }
  for (const process of started) process.release();
}

async function nodeBinaries(progress: Progress) {
  // One after the other: each build by itself keeps all processors busy.
  const pause = await ensureBinaries('pause', progress);
  const containerd = await ensureBinaries('containerd', progress);
  const coredns = await ensureBinaries('coredns', progress);
  return {
    pause: join(pause, 'pause'),
    // containerd looks for its shim in the PATH
    containerd: [
      'env',
      `PATH=${containerd}:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin`,
      join(containerd, 'containerd'),
    ],
    ctr: join(containerd, 'ctr'),
    coredns: join(coredns, 'coredns'),
  };
}

async function isNodeReady(ask: Ask, name: string): Promise<boolean> {
  const { status, body } = await ask(`/api/v1/nodes/${name}`);
  if (status !== 200) return false;
  const node = NodeStatus.parse(JSON.parse(body));
  return node.status.conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True');
}

const NodeStatus = z.object({
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) }),
});
