import { type KubeObject, keyOf } from '../kube/object.ts';

/** How long a write of ours may go unseen in the cache before the cache's word counts again. */
const TRUST_MS = 10_000;

interface Write {
  object: KubeObject;
  at: number;
}

/**
 * What this process has just written, laid over the cache until the watch catches up: so no reconcile decides from
 * a state that its predecessor has already changed. An optimisation that saves repeated requests; correctness does
 * not depend on it, since every write is fenced and every name deterministic.
 */
export class OwnWrites {
  readonly #objects = new Map<string, Write>();
  readonly #deleted = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The server's answer to a create, patch or replace. */
  wrote(kind: string, object: KubeObject): void {
    this.#objects.set(`${kind}/${keyOf(object)}`, { object, at: this.#now() });
  }

  /** Deletion of the object with this UID was accepted. */
  deleted(uid: string): void {
    this.#deleted.set(uid, this.#now());
  }

  /** The watch said that the object is gone. */
  gone(kind: string, object: KubeObject): void {
    const key = `${kind}/${keyOf(object)}`;
    if (this.#objects.get(key)?.object.metadata.uid === object.metadata.uid) this.#objects.delete(key);
    this.#deleted.delete(object.metadata.uid ?? '');
  }

  /** The newer of the cache's object and ours. */
  newest(kind: string, key: string, cached: KubeObject | undefined): KubeObject | undefined {
    const write = this.#objects.get(`${kind}/${key}`);
    if (write === undefined) return cached;
    const seen = cached !== undefined && version(cached) >= version(write.object);
    if (seen || this.#now() - write.at > TRUST_MS) {
      this.#objects.delete(`${kind}/${key}`);
      return cached;
    }
    return write.object;
  }

  isDeleted(uid: string): boolean {
    const at = this.#deleted.get(uid);
    if (at === undefined) return false;
    if (this.#now() - at <= TRUST_MS) return true;
    this.#deleted.delete(uid);
    return false;
  }
}

/** Resource versions of one resource are comparable numbers since Kubernetes 1.35, and were in practice before. */
function version(object: KubeObject): bigint {
  const text = object.metadata.resourceVersion ?? '';
  return /^\d+$/.test(text) ? BigInt(text) : 0n;
}
