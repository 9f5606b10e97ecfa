import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';
import { run } from '../../images/run.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { Resource } from '../../src/kube/resource.ts';
import { boundToUs } from '../support/bound.ts';
import { eventually } from '../support/eventually.ts';
import type { BenchCluster, Context } from './context.ts';
import { peerPrograms } from './peer-venv.ts';

const peer = (plural: string, kind: string): Resource => ({
  group: 'kubernetes.dask.org',
  version: 'v1',
  plural,
  kind,
  namespaced: true,
});
export const DASK_CLUSTER = peer('daskclusters', 'DaskCluster');
export const DASK_JOB = peer('daskjobs', 'DaskJob');
export const DASK_AUTOSCALER = peer('daskautoscalers', 'DaskAutoscaler');

/** dask-kubernetes from PyPI, at work on the cluster. */
export interface Peer {
  /** A DaskCluster as the library's own `make_cluster_spec` writes it. */
  clusterSpec(name: string, image: string, workers: number): Promise<unknown>;
}

/** The console scripts that it names (`dask-scheduler`) have gone from current releases of distributed; `dask scheduler` is the same. */
const SPEC = `import json, sys
from dask_kubernetes.operator import make_cluster_spec
name, image, workers = sys.argv[1:]
spec = make_cluster_spec(name, image=image, n_workers=int(workers), worker_command="dask worker --nthreads 1")["spec"]
scheduler = spec["scheduler"]["spec"]["containers"][0]
scheduler["args"] = ["dask", "scheduler", *scheduler["args"][1:]]
print(json.dumps(spec))
`;
const WHERE = 'import dask_kubernetes, os; print(os.path.dirname(dask_kubernetes.__file__))';

/** Installs its definitions and runs its operator as a process of this host, as its own documentation does for development. */
export async function startPeer(
  context: Context,
  cluster: BenchCluster,
  stack: AsyncDisposableStack,
): Promise<Peer> {
  context.say('dask-kubernetes: Python environment (the first time a minute), definitions, operator');
  const programs = await peerPrograms();
  const python = join(programs, 'python');
  const folder = (await run(python, ['-c', WHERE])).trim();
  const definitions = join(folder, 'operator/deployment/helm/dask-kubernetes-operator/crds');
  stack.defer(
    async () =>
      void (await cluster.kubectl(['delete', '-f', definitions, '--ignore-not-found', '--timeout=50s'])),
  );
  await cluster.install(definitions);

  const args = ['run', '--all-namespaces', '-m', 'dask_kubernetes.operator.controller'];
  const child = spawn(...boundToUs(join(programs, 'kopf'), args), {
    env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const exited = once(child, 'exit');
  stack.defer(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exited;
  });
  const log = () => Buffer.concat(output).toString();
  await eventually(
    "dask-kubernetes' operator works",
    () => {
      if (child.exitCode !== null) throw new Error(`its operator ended with ${child.exitCode}:\n${log()}`);
      return log().includes('Initial authentication has finished');
    },
    60,
  );
  return {
    clusterSpec: async (name, image, workers) =>
      z.json().parse(JSON.parse(await run(python, ['-c', SPEC, name, image, String(workers)]))),
  };
}

/** Its labels on pods. */
export const peerRole = (pod: KubeObject): string | undefined => pod.metadata.labels?.['dask.org/component'];
export const peerCluster = (pod: KubeObject): string | undefined =>
  pod.metadata.labels?.['dask.org/cluster-name'];
