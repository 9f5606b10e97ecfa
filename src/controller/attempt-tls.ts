import type { RunRef } from '../core/names.ts';
import { schedulerHost } from '../manifests/scheduler-service.ts';
import { type AttemptTls, type Credentials, credentialsFor } from '../pki/authority.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Of a run without an active deadline. */
const YEAR_MS = 365 * DAY_MS;

/** Attempts whose credentials are kept in memory; making them again costs a few milliseconds. */
const KEPT = 10_000;

type Ref = Pick<RunRef, 'namespace' | 'name' | 'uid'> & { attempt: number };

/** The certificates of attempts, as the operator needs them: derived from the seed, kept nowhere. */
export class AttemptTlsKeys {
  readonly #seed: Uint8Array;
  readonly #now: () => number;
  /** By UID and attempt; undefined while they are being made. */
  readonly #own = new Map<string, Credentials | undefined>();

  constructor(seed: Uint8Array, now: () => number) {
    this.#seed = seed;
    this.#now = now;
  }

  /** What the attempt's Secret holds. `activeDeadlineSeconds` of the run, if it has one, and a day bound its validity. */
  forPods(ref: Ref, activeDeadlineSeconds: number | undefined): Promise<Credentials> {
    const lasts = activeDeadlineSeconds === undefined ? YEAR_MS : activeDeadlineSeconds * 1000;
    return credentialsFor(this.#seed, this.#describe(ref, lasts + DAY_MS), 'pods');
  }

  /** The operator's own credentials for the attempt's scheduler; undefined until they are made, and `onMade` is told then. */
  forOperator(ref: Ref, onMade: () => void): (Credentials & { servername: string }) | undefined {
    const key = `${ref.uid}/${ref.attempt}`;
    const known = this.#own.get(key);
    if (known !== undefined) return { ...known, servername: schedulerHost(ref, ref.attempt) };
    if (this.#own.has(key)) return undefined;
    this.#own.set(key, undefined);
    for (const oldest of this.#own.keys()) {
      if (this.#own.size <= KEPT) break;
      this.#own.delete(oldest);
    }
    void this.#make(key, ref, onMade);
    return undefined;
  }

  async #make(key: string, ref: Ref, onMade: () => void): Promise<void> {
    this.#own.set(key, await credentialsFor(this.#seed, this.#describe(ref, YEAR_MS), 'operator'));
    onMade();
  }

  #describe(ref: Ref, lastsMs: number): AttemptTls {
    const now = this.#now();
    return {
      uid: ref.uid,
      attempt: ref.attempt,
      schedulerName: schedulerHost(ref, ref.attempt),
      // Clocks of nodes differ.
      notBefore: new Date(now - HOUR_MS),
      notAfter: new Date(now + lastsMs),
    };
  }
}
