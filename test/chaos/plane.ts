import { Agent, type RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { FLOW_RUN } from '../../src/api/flow-run.ts';
import { loadSeed } from '../../src/controller/seed.ts';
import { Client } from '../../src/kube/client.ts';
import { isAlreadyExists, isNotFound } from '../../src/kube/errors.ts';
import { Informer } from '../../src/kube/informer.ts';
import { NAMESPACE, type Resource } from '../../src/kube/resource.ts';
import { up } from '../cluster/api.ts';
import type { Progress } from '../cluster/progress.ts';
import { installDefinitions } from '../support/definitions.ts';
import { type Kubectl, kubectlOf } from '../support/kubectl.ts';
import { eventually } from '../support/eventually.ts';
import { Kubelet } from './kubelet.ts';
import { PlayedNode } from './node.ts';

const SERVICE_ACCOUNT: Resource = {
  group: '',
  version: 'v1',
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  namespaced: true,
};

const PATIENCE_MS = 60_000;

/** What all runs of a campaign share: a control plane whose pods are played. */
export interface Plane {
  readonly kubeconfig: string;
  readonly client: Client;
  readonly kubelet: Kubelet;
  readonly runs: Informer;
  /** Of the seed. */
  readonly namespace: string;
  /** Of the played pods, without its last number: apart from those of another cluster's campaign. */
  readonly addresses: string;
  /** The proxies' connections to the server. */
  readonly agent: Agent;
}

/** As many addresses as they have. */
export const MOST_SLOTS = 250;

/** Where one run at a time takes place. */
export interface Slot {
  readonly namespace: string;
  /** Of its pods. Every address of 127.0.0.0/8 is this machine's. */
  readonly address: string;
}

/**
 * Starts the local cluster of this name, or the one that is there, with FlowRuns served, and opens it; all that is made goes with the
 * stack, the cluster too unless it is to stay.
 */
export async function startPlane(
  { name, stays = false, progress }: { name: string; stays?: boolean; progress?: Progress },
  stack: AsyncDisposableStack,
): Promise<Plane & { readonly kubectl: Kubectl }> {
  const cluster = await up({ name, controlPlaneOnly: true, ...(progress && { progress }) });
  if (!stays) stack.defer(() => cluster.down());
  const kubectl = kubectlOf(cluster);
  await installDefinitions(kubectl);
  return { ...(await openPlane(cluster.kubeconfig, stack)), kubectl };
}

/** Opens the cluster of the kubeconfig, which must serve FlowRuns and have a controller manager; all that is made goes with the stack. */
async function openPlane(kubeconfig: string, stack: AsyncDisposableStack): Promise<Plane> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  // What the test does itself must not fail because the machine is busy.
  const timeouts = { readTimeoutMs: PATIENCE_MS, writeTimeoutMs: PATIENCE_MS };
  const client = new Client(config, { userAgent: 'flowrun-chaos', connections: 128, ...timeouts });
  stack.defer(() => client.close());
  const target: RequestOptions = {};
  await config.applyToHTTPSOptions(target);
  const { ca, cert, key, rejectUnauthorized } = target;
  const agent = new Agent({ keepAlive: true, ca, cert, key, rejectUnauthorized });
  stack.defer(() => agent.destroy());
  const namespace = `chaos-${Math.random().toString(36).slice(2, 7)}`;
  await makeNamespace(client, namespace, stack);
  // No run of a campaign is the first of its cluster: making the seed is not part of a run.
  await loadSeed(client, namespace, AbortSignal.timeout(PATIENCE_MS));
  const node = new PlayedNode(client);
  await node.open();
  const kubelet = new Kubelet(client, node);
  const runs = new Informer({ client, resource: FLOW_RUN });
  const ended = new AbortController();
  const running = Promise.all([kubelet.run(ended.signal), runs.run(ended.signal), node.run(ended.signal)]);
  stack.defer(async () => {
    ended.abort();
    await running;
  });
  await eventually('FlowRuns are listed', () => runs.synced, 60);
  // Each local cluster has a third number of its own.
  const [, , third] = new URL(config.getCurrentCluster()?.server ?? '').hostname.split('.');
  const addresses = `127.79.${third}`;
  return { kubeconfig, addresses, client, kubelet, runs, namespace, agent };
}

export async function openSlot(plane: Plane, index: number, stack: AsyncDisposableStack): Promise<Slot> {
  const namespace = `${plane.namespace}-${index}`;
  await makeNamespace(plane.client, namespace, stack);
  return { namespace, address: `${plane.addresses}.${index + 1}` };
}

async function makeNamespace(client: Client, name: string, stack: AsyncDisposableStack): Promise<void> {
  try {
    const { metadata } = await client.create(NAMESPACE, { metadata: { name } });
    stack.defer(() => client.delete(NAMESPACE, undefined, name, { uid: metadata.uid ?? '' }));
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  // A pod is refused until its ServiceAccount is there.
  await eventually(
    `the ServiceAccount of ${name}`,
    () =>
      client.get(SERVICE_ACCOUNT, name, 'default').catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      }),
    60,
  );
}
