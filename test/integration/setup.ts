import type { TestProject } from 'vitest/node';
import { IMAGES } from '../../images/names.ts';
import { up } from '../cluster/api.ts';
import { createProgress } from '../cluster/progress.ts';
import { installDefinitions } from '../support/definitions.ts';
import { flowImages } from '../support/examples.ts';
import { kubectlOf } from '../support/kubectl.ts';

/**
 * One cluster with a node and the flow images for all files of the project. FLOWRUN_TEST_CLUSTER names a cluster to use and to
 * leave running; without it the cluster `test` is made, and removed at the end.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kept = process.env['FLOWRUN_TEST_CLUSTER'];
  const progress = createProgress((line) => console.error(line));
  const cluster = await up({
    name: kept ?? 'test',
    controlPlaneOnly: false,
    images: IMAGES,
    progress,
  });
  await installDefinitions(kubectlOf(cluster));
  project.provide('kubeconfig', cluster.kubeconfig);
  project.provide('kubectl', cluster.kubectl);
  project.provide('images', await flowImages());
  return async () => {
    if (kept === undefined) await cluster.down();
  };
}
