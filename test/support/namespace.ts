import { inject } from 'vitest';
import { type FlowRun, flowRun } from '../../src/api/flow-run.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { eventually } from './eventually.ts';
import { type Kubectl, kubectlOf } from './kubectl.ts';
import { type Kind, readerOf } from './reader.ts';

declare module 'vitest' {
  interface ProvidedContext {
    kubeconfig: string;
    /** Path of a kubectl of the cluster's version. */
    kubectl: string;
    /** References of the flow images on the node. */
    images: { prefect1: string; prefect3: string };
  }
}

/**
 * A namespace of the integration cluster that belongs to one test file. It is changed through kubectl, as a user would, and
 * looked at through a connection that is held: each kubectl takes a fifth of a second of a processor, and tests look often.
 */
export interface TestNamespace {
  readonly name: string;
  /** Reference of the flow image with Prefect 3, for runs that do not care. */
  readonly image: string;
  /** An object, or a text of YAML; throws with the server's words on a refusal. */
  apply(object: object | string): Promise<void>;
  /** A merge patch. */
  patch(kind: string, name: string, change: object): Promise<void>;
  get(kind: Kind, name: string): Promise<KubeObject>;
  list(kind: Kind, labelSelector: string): Promise<KubeObject[]>;
  /**
   * Waits until the flow pod is the only pod. A cleaned-up run has no pod that lives; the objects of finished ones that
   * are being deleted go a moment later, when the kubelet says so.
   */
  onlyFlowPodsLeft(labelSelector: string): Promise<KubeObject[]>;
  /** Until that condition of a FlowRun is True. */
  waitFor(name: string, type: string, seconds: number): Promise<void>;
  /** Status of a condition of a FlowRun; undefined while it has none. */
  condition(name: string, type: string): Promise<string | undefined>;
  delete(kind: string, name: string): Promise<void>;
  /** Logs of a pod's only or first container. */
  logs(pod: string): Promise<string>;
  /** Runs a command in a pod's first container; throws when it fails. */
  exec(pod: string, command: readonly string[]): Promise<string>;
  remove(): Promise<void>;
}

/** As its administrator. */
export const clusterKubectl = (): Kubectl =>
  kubectlOf({ kubectl: inject('kubectl'), kubeconfig: inject('kubeconfig') });

/** Shape of what the API server stores, checked. */
export function runOf(object: KubeObject): FlowRun & { status: NonNullable<FlowRun['status']> } {
  const run = flowRun.parse(object);
  return { ...run, status: run.status ?? {} };
}

/** Its name is `stem` and something random. */
export async function namespaceFor(
  stem: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<TestNamespace> {
  const kubectl = clusterKubectl();
  const name = `${stem}-${Math.random().toString(36).slice(2, 8)}`;
  const run = async (args: readonly string[], input?: string): Promise<string> => {
    const answer = await kubectl(args, input);
    if (answer.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${answer.stderr}`);
    return answer.stdout;
  };
  const metadata = { name, labels };
  await run(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata }));
  const inside = (...args: string[]) => ['--namespace', name, ...args];
  const reader = readerOf(inject('kubeconfig'), name);
  const condition = async (object: string, type: string) =>
    runOf(await reader.get('flowrun', object)).status.conditions?.find((each) => each.type === type)?.status;
  return {
    name,
    image: inject('images').prefect3,
    apply: async (object) => {
      const text = typeof object === 'string' ? object : JSON.stringify(object);
      await run(inside('apply', '-f', '-'), text);
    },
    patch: async (kind, object, change) =>
      void (await run(inside('patch', kind, object, '--type=merge', '-p', JSON.stringify(change)))),
    get: (kind, object) => reader.get(kind, object),
    list: (kind, selector) => reader.list(kind, selector),
    onlyFlowPodsLeft: (selector) =>
      eventually(`only flow pods of ${selector} are left`, async () => {
        const pods = await reader.list('pod', selector);
        const roles = pods.map((pod) => pod.metadata.labels?.['flowrun.dev/role']);
        return roles.length > 0 && roles.every((role) => role === 'flow') ? pods : undefined;
      }),
    waitFor: async (object, type, seconds) =>
      void (await eventually(
        `${type} of ${object}`,
        async () => (await condition(object, type)) === 'True',
        seconds,
      )),
    condition,
    delete: async (kind, object) =>
      void (await run(inside('delete', kind, object, '--ignore-not-found', '--wait=true'))),
    logs: (pod) => reader.logs(pod),
    exec: (pod, command) => run(inside('exec', pod, '--', ...command)),
    remove: async () => {
      await reader.close();
      await run(['delete', 'namespace', name, '--wait=false']);
    },
  };
}
