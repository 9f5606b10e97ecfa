import { type KubeObject, keyOf } from '../kube/object.ts';

/** How long a write of ours may go unseen in the cache before the cache's word counts again. */
const TRUST_MS = 10_000;

/** What was written, and when it stops being trusted. */
interface Write<What> {
  readonly what: What;
  readonly doubted: NodeJS.Timeout;
}

/**
 * What this process has just written, laid over the cache until the watch catches up: so no reconcile decides from
 * a state that its predecessor has already changed. An optimisation that saves repeated requests; correctness does
 * not depend on it, since every write is fenced and every name deterministic.
 *
 * A watch that was broken for a while may never tell of an object that was made and deleted meanwhile. So a write that has gone unseen
 * for ten seconds counts no more, and its run is looked at again: nothing else might wake it.
 */
export class OwnWrites {
  readonly #objects = new Map<string, Write<KubeObject>>();
  /** By UID. */
  readonly #deleted = new Map<string, Write<true>>();
  readonly #onDoubt: (run: string) => void;

  /** `onDoubt` is told the key of a FlowRun of which a write counts no more. */
  constructor(onDoubt: (run: string) => void) {
    this.#onDoubt = onDoubt;
  }

  /** The server's answer to a create, patch or replace on behalf of the FlowRun of this key. */
  wrote(run: string, kind: string, object: KubeObject): void {
    this.#put(this.#objects, `${kind}/${keyOf(object)}`, object, run);
  }

  /** Deletion of the object with this UID was accepted. */
  deleted(run: string, uid: string): void {
    this.#put(this.#deleted, uid, true, run);
  }

  /** The watch said that the object is gone. */
  gone(kind: string, object: KubeObject): void {
    const key = `${kind}/${keyOf(object)}`;
    if (this.#objects.get(key)?.what.metadata.uid === object.metadata.uid) forget(this.#objects, key);
    forget(this.#deleted, object.metadata.uid ?? '');
  }

  /** The newer of the cache's object and ours. */
  newest(kind: string, key: string, cached: KubeObject | undefined): KubeObject | undefined {
    const write = this.#objects.get(`${kind}/${key}`);
    if (write === undefined) return cached;
    if (cached === undefined || version(cached) < version(write.what)) return write.what;
    forget(this.#objects, `${kind}/${key}`);
    return cached;
  }

  isDeleted(uid: string): boolean {
    return this.#deleted.has(uid);
  }

  #put<What>(writes: Map<string, Write<What>>, key: string, what: What, run: string): void {
    forget(writes, key);
    const doubted = setTimeout(() => {
      writes.delete(key);
      this.#onDoubt(run);
    }, TRUST_MS);
    writes.set(key, { what, doubted: doubted.unref() });
  }
}

function forget(writes: Map<string, Write<unknown>>, key: string): void {
  clearTimeout(writes.get(key)?.doubted);
  writes.delete(key);
}

/** Resource versions of one resource are comparable numbers since Kubernetes 1.35, and were in practice before. */
function version(object: KubeObject): bigint {
  const text = object.metadata.resourceVersion ?? '';
  return /^\d+$/.test(text) ? BigInt(text) : 0n;
}
