import { LABELS } from '../core/names.ts';
import type { Stray } from '../core/observed.ts';
import type { Client } from '../kube/client.ts';
import { Informer } from '../kube/informer.ts';
import { type KubeObject, controllerOf, fromKey, toKey } from '../kube/object.ts';
import { CONFIG_MAP, POD, type Resource, SERVICE } from '../kube/resource.ts';
import { FLOW_RUN } from '../api/flow-run.ts';
import { OwnWrites } from './own-writes.ts';

type ChildKind = Stray['kind'];

/** What is watched of one namespace, or of all. */
interface Scope {
  runs: Informer;
  children: Record<ChildKind, Informer>;
}

export interface CacheOptions {
  client: Client;
  /** None: all namespaces. */
  namespaces: readonly string[];
  /** Key of a FlowRun of which something changed, or a write of ours counts no more. */
  onChange: (key: string) => void;
  onError: (error: unknown) => void;
}

/** What the operator knows of the API server: FlowRuns and their children, by watches, with its own writes laid over. */
export class Cache {
  readonly own: OwnWrites;
  readonly #options: CacheOptions;
  /** By namespace; one under `''` for all of them. */
  readonly #scopes: ReadonlyMap<string, Scope>;

  constructor(options: CacheOptions) {
    this.own = new OwnWrites(options.onChange);
    this.#options = options;
    const { namespaces } = options;
    this.#scopes = new Map(
      namespaces.length === 0
        ? [['', this.#scope(undefined)]]
        : namespaces.map((each): [string, Scope] => [each, this.#scope(each)]),
    );
  }

  #scope(namespace: string | undefined): Scope {
    const { client, onChange, onError } = this.#options;
    const common = { client, namespace, onError };
    const runs = new Informer({ ...common, resource: FLOW_RUN });
    runs.onChange((object, previous) => {
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
    return {
      runs,
      children: {
        Pod: children(POD, trimPod),
        Service: children(SERVICE, trimToMetadata),
        ConfigMap: children(CONFIG_MAP, trimToMetadata),
      },
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
    const cached = this.#of(fromKey(key).namespace)?.runs.store.get(key);
    return cached === undefined ? undefined : this.own.newest(FLOW_RUN.kind, key, cached);
  }

  child(kind: ChildKind, namespace: string, name: string, ownerUid: string): KubeObject | undefined {
    const key = toKey(namespace, name);
    const object = this.own.newest(kind, key, this.#of(namespace)?.children[kind].store.get(key));
    return object !== undefined && controllerOf(object)?.uid === ownerUid ? object : undefined;
  }

  owned(kind: ChildKind, namespace: string, ownerUid: string): KubeObject[] {
    return this.#of(namespace)?.children[kind].store.by('owner', toKey(namespace, ownerUid)) ?? [];
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#all().map((informer) => informer.run(signal)));
  }

  #of(namespace: string | undefined): Scope | undefined {
    return this.#scopes.get('') ?? this.#scopes.get(namespace ?? '');
  }

  #all(): Informer[] {
    return [...this.#scopes.values()].flatMap(({ runs, children }) => [runs, ...Object.values(children)]);
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
