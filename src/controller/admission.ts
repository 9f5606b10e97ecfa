import { parseFlowRun } from '../api/parse.ts';
import { type Claim, type Limits, type Place, claimOf, places } from '../core/admission.ts';
import { worthShowing } from '../core/queue.ts';
import type { KubeObject } from '../kube/object.ts';
import { requestOf } from './observe.ts';

interface Entry {
  key: string;
  namespace: string;
  createdAt: string;
  version: string;
  claim: Exclude<Claim, 'none'>;
  shown: Place | undefined;
}

/**
 * Who holds a slot and who waits for one, first come first served by creation time. It follows from the FlowRuns alone, so
 * a new process or a new leader knows it once its cache is filled. Nobody who waits asks again and again: `wake` is called
 * for those that may begin, and for those whose place is worth showing anew.
 */
export class Admission {
  readonly #limits: Limits;
  readonly #wake: (key: string) => void;
  readonly #entries = new Map<string, Entry>();
  #places: Map<string, Place> | undefined;
  #sweeping = false;

  constructor(limits: Limits, wake: (key: string) => void) {
    this.#limits = limits;
    this.#wake = wake;
  }

  /** The newest that is known of a run; undefined: it is gone. */
  seen(key: string, object: KubeObject | undefined): void {
    if (this.#limits.all === undefined && this.#limits.perNamespace === undefined) return;
    const before = this.#entries.get(key);
    if (object !== undefined && before?.version === object.metadata.resourceVersion) return;
    const after = object === undefined ? undefined : entryOf(key, object);
    if (after === undefined) this.#entries.delete(key);
    else this.#entries.set(key, after);
    if (before?.claim !== after?.claim) this.#changed();
  }

  /** The place of a run that has to wait; undefined: it may begin. */
  placeOf(key: string): Place | undefined {
    return this.#entries.get(key)?.claim === 'waits' ? this.#all().get(key) : undefined;
  }

  /**
   * The run is about to begin, decided from what was seen last: it holds its slot from now on, for whoever is decided on while
   * the write is under way, until anything newer is seen of it.
   */
  begins(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.claim === 'holds') return;
    entry.claim = 'holds';
    this.#changed();
  }

  /** Runs that have to wait at present. */
  get waiting(): number {
    return this.#all().size;
  }

  #changed(): void {
    this.#places = undefined;
    if (this.#sweeping) return;
    this.#sweeping = true;
    setImmediate(() => {
      this.#sweeping = false;
      this.#sweep();
    });
  }

  #sweep(): void {
    const all = this.#all();
    for (const { key, claim, shown } of this.#entries.values()) {
      if (claim !== 'waits') continue;
      const place = all.get(key);
      if (place === undefined || (shown !== undefined && worthShowing(place, shown))) this.#wake(key);
    }
  }

  #all(): Map<string, Place> {
    if (this.#places !== undefined) return this.#places;
    const waiting: Entry[] = [];
    const inNamespace = new Map<string, number>();
    let all = 0;
    for (const entry of this.#entries.values()) {
      if (entry.claim === 'waits') waiting.push(entry);
      else {
        all++;
        inNamespace.set(entry.namespace, (inNamespace.get(entry.namespace) ?? 0) + 1);
      }
    }
    this.#places = places(waiting.sort(byAge), { all, inNamespace }, this.#limits);
    return this.#places;
  }
}

/** Creation times are whole seconds; the key settles the rest. */
function byAge(one: Entry, other: Entry): number {
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt ? -1 : 1;
  return one.key < other.key ? -1 : 1;
}

function entryOf(key: string, object: KubeObject): Entry | undefined {
  const parsed = parseFlowRun(object);
  if (!parsed.ok) return undefined;
  const { metadata, status = {} } = parsed.value;
  const claim = claimOf(requestOf(parsed.value), status);
  if (claim === 'none') return undefined;
  const { namespace, creationTimestamp: createdAt, resourceVersion: version } = metadata;
  return { key, namespace, createdAt, version, claim, shown: status.queue };
}
