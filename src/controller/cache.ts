import { LABELS } from '../core/names.ts';
import type { Client } from '../kube/client.ts';
import { Informer } from '../kube/informer.ts';
import { type KubeObject, controllerOf, toKey } from '../kube/object.ts';
import { CONFIG_MAP, POD, type Resource, SERVICE } from '../kube/resource.ts';
import { FLOW_RUN } from './flow-run.ts';
import { OwnWrites } from './own-writes.ts';

type ChildKind = 'Pod' | 'Service' | 'ConfigMap';

export interface CacheOptions {
  client: Client;
  /** Left out: all namespaces. */
  namespace: string | undefined;
  now: () => number;
  /** Key of a FlowRun of which something changed. */
  onChange: (key: string) => void;
  onError: (error: unknown) => void;
}

/** What the operator knows of the API server: FlowRuns and their children, by watches, with its own writes laid over. */
export class Cache {
  readonly own: OwnWrites;
  readonly #runs: Informer;
  readonly #children: Record<ChildKind, Informer>;

  constructor({ client, namespace, now, onChange, onError }: CacheOptions) {
    this.own = new OwnWrites(now);
    const common = { client, namespace, onError };
    this.#runs = new Informer({ ...common, resource: FLOW_RUN });
    this.#runs.onChange((object, previous) => {
      const run = object ?? previous;
      if (run === undefined) return;
      if (object === undefined) this.own.gone(FLOW_RUN.kind, run);
      onChange(toKey(run.metadata.namespace, run.metadata.name ?? ''));
    });
    const children = (resource: Resource, transform: (object: KubeObject) => KubeObject) => {
      const informer = new Informer({
        ...common,
        resource,
        labelSelector: LABELS.uid,
        transform,
        // An owner reference reaches no other namespace, whatever it says.
        indexes: {
          owner: (object) => [toKey(object.metadata.namespace, controllerOf(object)?.uid ?? '')],
        },
      });
      informer.onChange((object, previous) => {
        const child = object ?? previous;
        if (child === undefined) return;
        if (object === undefined) this.own.gone(resource.kind, child);
        const owner = controllerOf(child);
        if (owner?.kind === FLOW_RUN.kind) onChange(toKey(child.metadata.namespace, owner.name));
      });
      return informer;
    };
    this.#children = {
      Pod: children(POD, trimPod),
      Service: children(SERVICE, trimToMetadata),
      ConfigMap: children(CONFIG_MAP, trimToMetadata),
    };
  }

  get synced(): boolean {
    return this.#all().every((informer) => informer.synced);
  }

  /** The age in milliseconds of the watch that has been silent longest. */
  get oldestEventAge(): number {
    return Math.max(...this.#all().map((informer) => informer.lastEventAge));
  }

  flowRun(key: string): KubeObject | undefined {
    const cached = this.#runs.store.get(key);
    return cached === undefined ? undefined : this.own.newest(FLOW_RUN.kind, key, cached);
  }

  child(kind: ChildKind, namespace: string, name: string, ownerUid: string): KubeObject | undefined {
    const key = toKey(namespace, name);
    const object = this.own.newest(kind, key, this.#children[kind].store.get(key));
    return object !== undefined && controllerOf(object)?.uid === ownerUid ? object : undefined;
  }

  pods(namespace: string, ownerUid: string): KubeObject[] {
    return this.#children.Pod.store.by('owner', toKey(namespace, ownerUid));
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#all().map((informer) => informer.run(signal)));
  }

  #all(): Informer[] {
    return [this.#runs, ...Object.values(this.#children)];
  }
}

/** Pods are most of the memory: of each only what decisions read is kept. */
function trimPod(pod: KubeObject): KubeObject {
  return {
    metadata: trimMetadata(pod),
    spec: pick(pod['spec'], ['nodeName', 'activeDeadlineSeconds']),
    status: pick(pod['status'], [
      'phase',
      'reason',
      'message',
      'podIP',
      'conditions',
      'containerStatuses',
      'initContainerStatuses',
    ]),
  };
}

function pick(from: unknown, keys: readonly string[]): Record<string, unknown> {
  if (typeof from !== 'object' || from === null) return {};
  return Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key)));
}

function trimToMetadata(object: KubeObject): KubeObject {
  return { metadata: trimMetadata(object) };
}

const METADATA = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'labels',
  'ownerReferences',
  'deletionTimestamp',
];

function trimMetadata({ metadata }: KubeObject): KubeObject['metadata'] {
  return pick(metadata, METADATA);
}
