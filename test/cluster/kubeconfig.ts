import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from './command.ts';
import type { Provider } from './provider.ts';

/** The cluster of the current kubeconfig: used as it is, never started, stopped or changed. */
export const kubeconfigProvider: Provider = {
  async up({ images, controlPlaneOnly }, progress) {
    if (images.length > 0 || controlPlaneOnly) {
      throw new Error(
        '--provider kubeconfig takes the cluster as it is: leave out --images and --control-plane-only',
      );
    }
    await run('kubectl', ['get', '--raw', '/readyz'], { timeoutSeconds: 15 });
    progress.done(`the cluster of ${current()} answers`);
    return { kubeconfig: current(), kubectl: 'kubectl' };
  },
  async down(_name, _wipe, progress) {
    progress.done('this cluster is not ours to stop');
  },
  status: () => run('kubectl', ['cluster-info'], { timeoutSeconds: 15 }),
  async load() {
    throw new Error(
      '--provider kubeconfig cannot load images: push them to a registry that the cluster can reach',
    );
  },
  env: async () => `export KUBECONFIG=${current()}`,
};

function current(): string {
  return process.env['KUBECONFIG'] || join(homedir(), '.kube', 'config');
}
