import type { TestProject } from 'vitest/node';
import { z } from 'zod';
import { IMAGES } from '../../images/names.ts';
import { up } from '../cluster/api.ts';
import { createProgress } from '../cluster/progress.ts';
import { installDefinitions } from '../support/definitions.ts';
import { flowImages } from '../support/examples.ts';
import { kubectlOf } from '../support/kubectl.ts';
import { OPERATORS } from '../support/operator-for.ts';

const environment = z.object({
  FLOWRUN_TEST_CLUSTER: z.string().min(1).optional(),
  FLOWRUN_TEST_PROVIDER: z.enum(['local', 'kind']).default('local'),
  FLOWRUN_TEST_OPERATOR: z.enum(OPERATORS).default('process'),
});

/**
 * One cluster with a node and the flow images for all files of the project. FLOWRUN_TEST_CLUSTER names a cluster to use and to
 * leave running; without it the cluster `test` is made, and removed at the end. FLOWRUN_TEST_PROVIDER says what makes it, and
 * FLOWRUN_TEST_OPERATOR where the operator runs (support/operator-for.ts).
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const {
    FLOWRUN_TEST_CLUSTER: kept,
    FLOWRUN_TEST_PROVIDER: provider,
    FLOWRUN_TEST_OPERATOR: operator,
  } = environment.parse(process.env);
  const progress = createProgress((line) => console.error(line));
  const cluster = await up({
    name: kept ?? 'test',
    provider,
    controlPlaneOnly: false,
    images: IMAGES,
    progress,
  });
  await installDefinitions(kubectlOf(cluster));
  project.provide('kubeconfig', cluster.kubeconfig);
  project.provide('kubectl', cluster.kubectl);
  project.provide('operator', operator);
  project.provide('images', await flowImages());
  return async () => {
    if (kept === undefined) await cluster.down();
  };
}
