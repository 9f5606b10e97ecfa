import { dirname } from 'node:path';
import { ensureBinaries } from './binaries.ts';
import { buildArchives } from './flow-images.ts';
import { loadLocal, runningOf, startLocal, stopLocal } from './local.ts';
import { findProcesses } from './processes.ts';
import { silent } from './progress.ts';
import type { Provider } from './provider.ts';
import { listClusters, readCluster } from './state.ts';

/** Processes of this host, in namespaces of their own where there is a node. */
export const localProvider: Provider & { exists(name: string): boolean } = {
  exists: (name) => readCluster(name) !== undefined,
  up: ({ name, images, controlPlaneOnly, controllerManager, scheduler, audit }, progress) =>
    startLocal(
      name,
      { controlPlaneOnly, controllerManager, scheduler, audit },
      () => buildArchives(images, progress),
      progress,
    ),
  down: stopLocal,
  status: async () => listClusters().map(describe).join('\n\n') || 'no local cluster exists',
  load: (name, images, progress) => loadLocal(name, () => buildArchives(images, progress), progress),
  async env(name) {
    const cluster = readCluster(name);
    if (cluster === undefined)
      throw new Error(`there is no cluster ${name}: \`npm run cluster -- up --name ${name}\` makes it`);
    const { kubeconfig, kubectl } = runningOf(cluster, await ensureBinaries('hyper', silent));
    return `export KUBECONFIG=${kubeconfig}\nexport PATH=${dirname(kubectl)}:$PATH`;
  },
};

function describe(name: string): string {
  const cluster = readCluster(name);
  if (cluster === undefined) return `${name}: removed meanwhile`;
  const processes = findProcesses(cluster.plan.directory).filter(({ wrapper }) => !wrapper);
  const kind = cluster.shape.controlPlaneOnly ? 'control plane only' : 'with a node';
  if (processes.length === 0) return `${name}: off (${kind}); its data are in ${cluster.plan.directory}`;
  const lines = processes.map(
    ({ component, pid, memory }) =>
      `  ${component.padEnd(24)} ${String(pid).padStart(8)} ${memory.toFixed(0).padStart(6)} MiB`,
  );
  return [`${name}: on (${kind}), ${cluster.plan.server}`, ...lines].join('\n');
}
