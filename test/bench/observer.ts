import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../src/kube/client.ts';
import { Informer } from '../../src/kube/informer.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { Resource } from '../../src/kube/resource.ts';

/** Milliseconds since the epoch, by the clock that the pods of this machine have too, finer than Date.now. */
export const now = (): number => performance.timeOrigin + performance.now();

const LIMIT_SECONDS = 180;

interface Waiter {
  holds: () => boolean;
  resolve: (at: number) => void;
  reject: (error: Error) => void;
}

/** Sees the objects of one namespace through watches, and when something became true of them: no polling, so no rounding. */
export class Observer implements AsyncDisposable {
  readonly #informers: ReadonlyMap<Resource, Informer>;
  readonly #stop = new AbortController();
  readonly #outside: AbortSignal;
  readonly #running: Promise<unknown>;
  readonly #waiters = new Set<Waiter>();

  private constructor(
    client: Client,
    namespace: string,
    resources: readonly Resource[],
    signal: AbortSignal,
  ) {
    this.#outside = signal;
    this.#informers = new Map(
      resources.map((resource) => [resource, new Informer({ client, resource, namespace })]),
    );
    for (const informer of this.#informers.values()) informer.onChange(() => this.#check());
    this.#running = Promise.all([...this.#informers.values()].map((each) => each.run(this.#stop.signal)));
  }

  /** Returns once the present state is known. */
  static async open(
    client: Client,
    namespace: string,
    resources: readonly Resource[],
    signal: AbortSignal,
  ): Promise<Observer> {
    const observer = new Observer(client, namespace, resources, signal);
    while (![...observer.#informers.values()].every(({ synced }) => synced)) {
      signal.throwIfAborted();
      await sleep(10);
    }
    return observer;
  }

  list(resource: Resource): KubeObject[] {
    const store = this.#informers.get(resource)?.store;
    if (store === undefined) throw new TypeError(`${resource.plural} are not watched`);
    return [...store.keys()].flatMap((key) => store.get(key) ?? []);
  }

  /** When `holds` became true: the moment of the event after which it does. Throws naming `what` after so many seconds. */
  async until(what: string, holds: () => boolean, limitSeconds = LIMIT_SECONDS): Promise<number> {
    if (holds()) return now();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const waiter = { holds, resolve, reject };
    this.#waiters.add(waiter);
    const late = setTimeout(
      () => reject(new Error(`Not within ${limitSeconds} s: ${what}`)),
      limitSeconds * 1000,
    );
    const onAbort = () => reject(new Error('interrupted'));
    this.#outside.addEventListener('abort', onAbort, { once: true });
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      this.#waiters.delete(waiter);
      this.#outside.removeEventListener('abort', onAbort);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const { reject } of this.#waiters) reject(new Error('nobody looks any more'));
    await this.#running;
  }

  #check(): void {
    const at = now();
    for (const { holds, resolve } of this.#waiters) if (holds()) resolve(at);
  }
}
