import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { IMAGES } from '../../images/names.ts';
import { up } from '../cluster/api.ts';
import { createProgress } from '../cluster/progress.ts';
import { flowImages } from '../support/examples.ts';
import { kubectlOf } from '../support/kubectl.ts';

const CRDS = join(import.meta.dirname, '../../crds');

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
  const kubectl = kubectlOf(cluster);
  for (const args of [
    ['apply', '--server-side', '--force-conflicts', '-f', CRDS],
    ['wait', '--for=condition=Established', 'crd/flowruns.flowrun.dev', '--timeout=30s'],
  ]) {
    const answer = await kubectl(args);
    if (answer.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${answer.stderr}`);
  }
  project.provide('kubeconfig', cluster.kubeconfig);
  project.provide('kubectl', cluster.kubectl);
  project.provide('images', await flowImages());
  return async () => {
    if (kept === undefined) await cluster.down();
  };
}
