import type { KubeObject } from './object.ts';
import type { TransportOptions } from './transport.ts';

export interface ClientOptions extends TransportOptions {
  /** Asked before every attempt of a write; `false` refuses it with FencedError, unsent. */
  readonly mayWrite?: () => boolean;
  /** Label keys that every selector of `deleteCollection` must pin with `=` or `in`. */
  readonly requiredSelectorKeys?: readonly string[];
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Limit of one attempt, in milliseconds. */
  readonly timeoutMs?: number;
}

export interface ListOptions extends CallOptions {
  /** Left out: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Objects per page. Default 500. */
  readonly limit?: number;
}

export interface ObjectList {
  items: KubeObject[];
  resourceVersion: string;
}

export interface Page extends ObjectList {
  /** Where the next page starts; absent on the last. */
  continue?: string;
}

export interface WatchOptions extends ListOptions {
  readonly resourceVersion: string;
  /** The server ends the watch after it. */
  readonly timeoutSeconds: number;
  /** Silence after which the connection counts as dead, in milliseconds. */
  readonly idleMs: number;
}

export interface PatchOptions extends CallOptions {
  readonly type: 'merge' | 'json';
  readonly subresource?: string;
  /** Preconditions, for `merge` only: ConflictError when they do not hold. */
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface DeleteOptions extends CallOptions {
  /** Precondition: a successor of the same name is left alone. */
  readonly uid: string;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

export interface DeleteCollectionOptions extends CallOptions {
  readonly labelSelector: string;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}
