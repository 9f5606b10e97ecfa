import { FLOW_RUN, KIND } from '../api/flow-run.ts';
import type { Client } from '../kube/client.ts';
import { isForbidden, isNotFound } from '../kube/errors.ts';
import { seeRun, type SeenRun } from './seen.ts';

/** @throws Error that says what to do when there is no such run or it may not be read. */
export async function readRun(
  client: Client,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<SeenRun> {
  try {
    return seeRun(await client.get(FLOW_RUN, namespace, name, { signal }));
  } catch (error) {
    if (isNotFound(error))
      throw new Error(
        `there is no FlowRun ${name} in namespace ${namespace}; \`kubectl get flowruns -A\` lists those there are`,
        { cause: error },
      );
    if (isForbidden(error))
      throw new Error(
        `you may not read FlowRuns in namespace ${namespace}: ask for the role \`view\` or \`edit\` there`,
        { cause: error },
      );
    throw error;
  }
}

/** Field selector of the events about FlowRuns of that name, of its predecessors too. */
export function eventsAbout(name: string): string {
  return `regarding.kind=${KIND},regarding.name=${name}`;
}
