import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import { up } from '../../cluster/api.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { eventually } from '../../support/eventually.ts';
import { Client } from '../../../src/kube/client.ts';
import type { ClientOptions } from '../../../src/kube/client-options.ts';
import { isAlreadyExists } from '../../../src/kube/errors.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import { CONFIG_MAP, NAMESPACE, type Resource } from '../../../src/kube/resource.ts';

/** A real control plane, reached directly (`admin`) and through a proxy that breaks the wire. */
export interface World extends AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly admin: Client;
  /** Leads to the server itself. */
  readonly kubeconfig: string;
  /** A client through the proxy. */
  client(options?: ClientOptions): Client;
  /** Creates it. */
  namespace(name: string): Promise<string>;
  kubectl(...args: string[]): Promise<string>;
}

export const WIDGET: Resource = {
  group: 'test.flowrun.dev',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
};

const CRD: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

export async function begin(name: string): Promise<World> {
  const cluster = await up({ name, controlPlaneOnly: true, controllerManager: false });
  const proxy = await FaultProxy.start({ kubeconfig: cluster.kubeconfig });
  const clients: Client[] = [];
  const client = (kubeconfig: string, options?: ClientOptions): Client => {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    const made = new Client(config, options);
    clients.push(made);
    return made;
  };
  const admin = client(cluster.kubeconfig);
  await installWidgets(admin);
  return {
    proxy,
    admin,
    kubeconfig: cluster.kubeconfig,
    client: (options) => client(proxy.kubeconfig, options),
    async kubectl(...args) {
      const { stdout } = await promisify(execFile)(cluster.kubectl, args, {
        env: { KUBECONFIG: cluster.kubeconfig },
      });
      return stdout;
    },
    async namespace(namespace) {
      await admin.create(NAMESPACE, { metadata: { name: namespace } });
      return namespace;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((one) => one.close()));
      await proxy.close();
      await cluster.down();
    },
  };
}

export function configMap(namespace: string, name: string, labels: Record<string, string> = {}): KubeObject {
  return { apiVersion: 'v1', kind: CONFIG_MAP.kind, metadata: { namespace, name, labels }, data: {} };
}

export function widget(namespace: string, name: string, spec: Record<string, unknown>): KubeObject {
  return {
    apiVersion: `${WIDGET.group}/${WIDGET.version}`,
    kind: WIDGET.kind,
    metadata: { namespace, name },
    spec,
  };
}

async function installWidgets(admin: Client): Promise<void> {
  const free = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const definition: KubeObject = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: CRD.kind,
    metadata: { name: `${WIDGET.plural}.${WIDGET.group}` },
    spec: {
      group: WIDGET.group,
      scope: 'Namespaced',
      names: { plural: WIDGET.plural, singular: 'widget', kind: WIDGET.kind },
      versions: [
        {
          name: WIDGET.version,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: free, status: free } } },
        },
      ],
    },
  };
  await admin.create(CRD, definition).catch((error: unknown) => {
    if (!isAlreadyExists(error)) {
      throw error;
    }
  });
  await eventually('widgets are served', () =>
    admin.list(WIDGET).then(
      () => true,
      () => false,
    ),
  );
}
