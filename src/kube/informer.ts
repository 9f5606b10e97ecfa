import type { Client } from './client.ts';
import { type Clock, systemClock } from './clock.ts';
import { type KubeObject, keyOf } from './object.ts';
import { reflect } from './reflector.ts';
import type { Resource } from './resource.ts';
import { type Index, Store } from './store.ts';
import type { Output } from './watcher.ts';

/** `object` is undefined when it was deleted, `previous` when it is new. A successor of the same name comes as a change: compare UIDs. */
export type ChangeHandler = (object: KubeObject | undefined, previous: KubeObject | undefined) => void;

export interface InformerOptions {
  readonly client: Client;
  readonly resource: Resource;
  /** Left out: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** What to keep of an object: metadata's namespace, name, uid and resourceVersion must stay. managedFields are dropped before. */
  readonly transform?: (object: KubeObject) => KubeObject;
  readonly indexes?: Readonly<Record<string, Index>>;
  readonly watchSeconds?: number;
  readonly idleMs?: number;
  readonly clock?: Clock;
  /** Told of every failed list or watch and of every handler that threw; the informer goes on regardless. */
  readonly onError?: (error: unknown) => void;
}

/**
 * A cache of the objects of one resource, kept up to date, that says what changed.
 *
 * - `synced` once the first list is complete; from then on the cache is what the server had `lastEventAge` milliseconds ago or later.
 * - Through every failure the cache stays as it was. A new list removes what is gone, and tells only what differs.
 * - Handlers run in the order of the changes, after the cache has changed.
 */
export class Informer {
  readonly store: Store;
  readonly #options: InformerOptions;
  readonly #clock: Clock;
  readonly #handlers: ChangeHandler[] = [];
  /** Keys that the list being told has not named so far. */
  #unseen: Set<string> | undefined;
  #synced = false;
  #aliveAt: number | undefined;

  constructor(options: InformerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.store = new Store(options.indexes);
  }

  get synced(): boolean {
    return this.#synced;
  }

  /** Milliseconds since the server last said anything (a page, an event, a bookmark: about one a minute). Infinity before the first. */
  get lastEventAge(): number {
    return this.#aliveAt === undefined ? Infinity : this.#clock.now() - this.#aliveAt;
  }

  onChange(handler: ChangeHandler): void {
    this.#handlers.push(handler);
  }

  /** Returns when the signal is aborted. Never throws. */
  run(signal: AbortSignal): Promise<void> {
    const { client, resource, namespace, labelSelector, fieldSelector, watchSeconds, idleMs } = this.#options;
    return reflect(
      {
        client,
        resource,
        namespace,
        labelSelector,
        fieldSelector,
        clock: this.#clock,
        ...(watchSeconds !== undefined && { watchSeconds }),
        ...(idleMs !== undefined && { idleMs }),
        tell: (output) => this.#take(output),
        onAlive: () => {
          this.#aliveAt = this.#clock.now();
        },
        onError: (error) => this.#options.onError?.(error),
      },
      signal,
    );
  }

  #take(output: Output): void {
    switch (output.type) {
      case 'start':
        this.#unseen = new Set(this.store.keys());
        break;
      case 'apply':
        this.#apply(output.object);
        break;
      case 'delete':
        this.#delete(keyOf(output.object));
        break;
      case 'complete':
        for (const key of this.#unseen ?? []) {
          this.#delete(key);
        }
        this.#unseen = undefined;
        this.#synced = true;
        break;
    }
  }

  #apply(object: KubeObject): void {
    const { managedFields: _, ...metadata } = object.metadata;
    const { transform } = this.#options;
    const kept = transform === undefined ? { ...object, metadata } : transform({ ...object, metadata });
    this.#unseen?.delete(keyOf(kept));
    const previous = this.store.set(kept);
    const { uid, resourceVersion } = kept.metadata;
    if (previous?.metadata.uid !== uid || previous?.metadata.resourceVersion !== resourceVersion) {
      this.#notify(kept, previous);
    }
  }

  #delete(key: string): void {
    const previous = this.store.delete(key);
    if (previous !== undefined) {
      this.#notify(undefined, previous);
    }
  }

  #notify(object: KubeObject | undefined, previous: KubeObject | undefined): void {
    for (const handler of this.#handlers) {
      try {
        handler(object, previous);
      } catch (error) {
        this.#options.onError?.(error);
      }
    }
  }
}
