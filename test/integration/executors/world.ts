import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { FlowRunStatus } from '../../../src/api/status.ts';
import { eventually } from '../../support/eventually.ts';
import { namespaceFor, runOf, type TestNamespace } from '../../support/namespace.ts';
import { type TestOperator, operatorFor } from '../../support/operator-for.ts';

/** The three kinds of flows: what they are written in. */
export const KINDS = ['prefect1', 'prefect3', 'plain'] as const;
export type Kind = (typeof KINDS)[number];

const FLOWS = join(import.meta.dirname, 'flows');
const file = (name: string) => readFileSync(join(FLOWS, `${name}.py`), 'utf8');

/** What is wanted of one run: `spec` is laid over the flow of the suite. */
export interface Wanted {
  name: string;
  kind: Kind;
  /** `facts`, or `own:flow` for an object of another file. */
  entrypoint: string;
  /** JSON text: JavaScript's numbers are not Python's. */
  parameters?: string;
  executor?: object | undefined;
  flow?: object;
}

export interface Over {
  status: FlowRunStatus;
  /** Name of the flow pod. */
  pod: string;
  /** Its log. */
  log: string;
}

/** A namespace with an operator of its own, for the runs of one test file. */
export interface World {
  readonly space: TestNamespace;
  apply(wanted: Wanted): Promise<void>;
  /** Waits until the run is over and nothing but its flow pod is left. */
  end(name: string): Promise<Over>;
  run(wanted: Wanted): Promise<Over>;
  close(): Promise<void>;
}

const SECONDS = 400;

export async function openWorld(stem: string): Promise<World> {
  const space = await namespaceFor(stem);
  let operator: TestOperator;
  try {
    operator = await operatorFor(space);
  } catch (error) {
    await space.remove();
    throw error;
  }
  const world: World = {
    space,
    apply: (wanted) => space.apply(flowRun(wanted)),
    end: async (name) => {
      await space.waitFor(name, 'CleanedUp', SECONDS).catch(async (error: unknown) => {
        const { status } = runOf(await space.get('flowrun', name));
        const said = JSON.stringify(status, undefined, 1);
        throw new Error(`${String(error)}\n${said}\n${(await operator.log()).slice(-2000)}`, {
          cause: error,
        });
      });
      const { status } = runOf(await space.get('flowrun', name));
      const pod = await flowPodOf(space, name);
      return { status, pod, log: pod === '' ? '' : await space.logs(pod) };
    },
    run: async (wanted) => {
      await world.apply(wanted);
      return world.end(wanted.name);
    },
    close: async () => {
      await operator.stop();
      await space.remove();
    },
  };
  return world;
}

/** The status of a run that has succeeded; throws with its message and log if it has not. */
export function succeeded({ status, log }: Over): FlowRunStatus {
  if (status.phase === 'Succeeded') return status;
  throw new Error(`${status.phase} ${status.reason}: ${status.message}\n${log}`);
}

export async function flowPodOf(space: TestNamespace, run: string): Promise<string> {
  const pods = await space.list('pod', `flowrun.dev/name=${run},flowrun.dev/role=flow`);
  return pods[0]?.metadata.name ?? '';
}

/** Until the log of a pod says `words`. */
export function said(space: TestNamespace, pod: () => Promise<string>, words: string): Promise<true> {
  return eventually(
    `the log says ${words}`,
    async () => {
      const name = await pod();
      return name !== '' && (await space.logs(name).catch(() => '')).includes(words) ? true : undefined;
    },
    SECONDS,
  );
}

function flowRun({ name, kind, entrypoint, parameters = '{}', executor, flow }: Wanted): string {
  const [stem, object] = entrypoint.includes(':') ? entrypoint.split(':') : [kind, entrypoint];
  const files = [...new Set([stem ?? kind, 'helpers', 'clusters'])];
  const run = {
    apiVersion: 'flowrun.dev/v1alpha1',
    kind: 'FlowRun',
    metadata: { name },
    spec: {
      flow: {
        image: inject('images')[kind === 'prefect1' ? 'prefect1' : 'prefect3'],
        entrypoint: `${stem}.py:${object}`,
        source: { inline: Object.fromEntries(files.map((each) => [`${each}.py`, file(each)])) },
        parameters: PARAMETERS,
        ...flow,
      },
      ...(executor === undefined ? {} : { executor }),
    },
  };
  return JSON.stringify(run).replace(`"${PARAMETERS}"`, parameters);
}

const PARAMETERS = '«parameters»';
