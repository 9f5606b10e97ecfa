import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { FLOW_RUN } from '../../src/api/flow-run.ts';
import { Client } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import {
  CONFIG_MAP,
  EVENT,
  NETWORK_POLICY,
  POD,
  type Resource,
  SECRET,
  SERVICE,
} from '../../src/kube/resource.ts';

/** What tests look at, by the names that kubectl knows it by. */
const RESOURCES = {
  flowrun: FLOW_RUN,
  pod: POD,
  service: SERVICE,
  configmap: CONFIG_MAP,
  secret: SECRET,
  networkpolicy: NETWORK_POLICY,
  event: EVENT,
} as const satisfies Record<string, Resource>;

export type Kind = keyof typeof RESOURCES;

/** Reads one namespace over connections that it holds until it is closed. */
export interface Reader {
  get(kind: Kind, name: string): Promise<KubeObject>;
  list(kind: Kind, labelSelector: string): Promise<KubeObject[]>;
  /** Log of a pod's only or first container. */
  logs(pod: string): Promise<string>;
  close(): Promise<void>;
}

export function readerOf(kubeconfig: string, namespace: string): Reader {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const client = new Client(config, { userAgent: 'flowrun-test' });
  const core = config.makeApiClient(CoreV1Api);
  return {
    get: (kind, name) => client.get(RESOURCES[kind], namespace, name),
    list: async (kind, labelSelector) =>
      (await client.list(RESOURCES[kind], { namespace, labelSelector })).items,
    logs: (name) => core.readNamespacedPodLog({ namespace, name }),
    close: () => client.close(),
  };
}
