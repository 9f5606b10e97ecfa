import type { Client } from './client.ts';
import { type Clock, systemClock } from './clock.ts';
import { Deadline } from './deadline.ts';
import { isAlreadyExists, isConflict, isNotFound } from './errors.ts';
import { type LeaseTimes, nextMove } from './lease.ts';
import { microTime } from './micro-time.ts';
import type { KubeObject } from './object.ts';
import { LEASE } from './resource.ts';

export interface LeaderOptions {
  /** Its writes of the Lease are not subject to its own `mayWrite`. */
  readonly client: Client;
  readonly namespace: string;
  readonly name: string;
  /** Unique among all candidates, restarts included: the pod's name and a random part. */
  readonly identity: string;
  /** Default 15, 10 and 2 seconds. */
  readonly times?: LeaseTimes | undefined;
  readonly clock?: Clock;
  readonly onError?: (error: unknown) => void;
}

const TIMES: LeaseTimes = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

const RELEASE_MS = 2_000;

/**
 * Leader election on a Lease.
 *
 * - At most one candidate at a time holds the lease. A candidate takes over only when it has itself seen the lease unchanged for a
 *   full lease duration: clocks of different machines are never compared.
 * - Every write of the Lease carries the resourceVersion it was decided from.
 * - `mayWrite()` turns false `renewDeadline` after the start of the last renewal that succeeded, with no timer or event loop needed.
 *   Writes sent up to then end within `leaseMs - renewDeadlineMs`, so before anyone else can take over.
 * - A leader that stops in good order gives the lease back, and the next one starts at once. A write of the Lease that is under way
 *   then is waited for, not cut off: nobody would know whether it took place.
 */
export class LeaderElection {
  readonly #options: LeaderOptions;
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #times: LeaseTimes;
  #lease: { readonly object: KubeObject; readonly changedAt: number } | undefined;
  #renewedAt: number | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#client = options.client.unfenced();
    this.#clock = options.clock ?? systemClock;
    this.#times = options.times ?? TIMES;
  }

  /** Whether this process leads and may send writes now. */
  mayWrite(): boolean {
    return this.#renewedAt !== undefined && this.#clock.now() < this.#renewedAt + this.#times.renewDeadlineMs;
  }

  /** Who held the lease when it was last seen. */
  get holder(): string | undefined {
    const spec = this.#lease?.object['spec'];
    const holder =
      typeof spec === 'object' && spec !== null && 'holderIdentity' in spec ? spec.holderIdentity : undefined;
    return typeof holder === 'string' && holder !== '' ? holder : undefined;
  }

  /**
   * Waits for the lease, then runs `lead` while it holds. `lead`'s signal is aborted when the lease is lost or `signal` is aborted;
   * it must then return, since this waits for it.
   * Resolves to `stopped` when `signal` was aborted or `lead` returned by itself, to `lost` when the lease was lost: the process should exit then.
   */
  async run(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<'stopped' | 'lost'> {
    while (!this.mayWrite()) {
      if (signal.aborted) {
        return 'stopped';
      }
      await this.#attempt();
      if (!this.mayWrite()) {
        await this.#pause(signal);
      }
    }
    const ended = new AbortController();
    const both = AbortSignal.any([signal, ended.signal]);
    const leading = lead(both).finally(() => ended.abort());
    // Attached at once: a rejection that nobody waits for yet would end the process.
    const finished = Promise.allSettled([leading]);
    const outcome = await this.#renew(both);
    ended.abort();
    await finished;
    if (outcome === 'stopped') {
      await this.#release();
    }
    this.#renewedAt = undefined;
    await leading;
    return outcome;
  }

  async #renew(signal: AbortSignal): Promise<'stopped' | 'lost'> {
    for (;;) {
      await this.#pause(signal);
      if (signal.aborted) {
        return 'stopped';
      }
      await this.#attempt();
      if (!this.mayWrite()) {
        return signal.aborted ? 'stopped' : 'lost';
      }
    }
  }

  /** Tries to create, take or renew the lease. Failures are reported, not thrown. */
  async #attempt(): Promise<void> {
    const timeoutMs = Math.max(1, this.#times.leaseMs - this.#times.renewDeadlineMs - 500);
    using deadline = new Deadline(timeoutMs);
    const call = { signal: deadline.signal, timeoutMs };
    try {
      if (!this.mayWrite()) {
        await this.#look(call);
      }
      if (await this.#write(call)) {
        return;
      }
      // Somebody else wrote it, or an answer to us was lost: what we knew is old.
      await this.#look(call);
      if (this.holder === this.#options.identity) {
        await this.#write(call);
      } else {
        this.#renewedAt = undefined;
      }
    } catch (error) {
      this.#options.onError?.(error);
    }
  }

  /** Does what the lease as we know it calls for; `false` when that knowledge turned out to be old. */
  async #write(call: { signal: AbortSignal; timeoutMs: number }): Promise<boolean> {
    const { identity, namespace, name } = this.#options;
    const startedAt = this.#clock.now();
    const move = nextMove(this.#lease, {
      identity,
      times: this.#times,
      now: startedAt,
      date: this.#clock.date(),
    });
    if (move.type === 'wait') {
      this.#renewedAt = undefined;
      return true;
    }
    try {
      const object =
        move.type === 'create'
          ? await this.#client.create(LEASE, withSpec({ metadata: { namespace, name } }, move.spec), call)
          : await this.#client.replace(LEASE, withSpec(move.lease, move.spec), call);
      this.#lease = { object, changedAt: startedAt };
      this.#renewedAt = startedAt;
      return true;
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error) || isNotFound(error)) {
        return false;
      }
      throw error;
    }
  }

  async #look(call: { signal: AbortSignal; timeoutMs: number }): Promise<void> {
    const { namespace, name } = this.#options;
    try {
      const object = await this.#client.get(LEASE, namespace, name, call);
      if (object.metadata.resourceVersion !== this.#lease?.object.metadata.resourceVersion) {
        this.#lease = { object, changedAt: this.#clock.now() };
      }
    } catch (error) {
      if (!isNotFound(error)) {
        throw error;
      }
      this.#lease = undefined;
    }
  }

  /** Gives the lease back, best effort. A conflict means that the answer to a renewal was lost, or that the lease is no longer ours. */
  async #release(): Promise<void> {
    const now = microTime(this.#clock.date());
    const spec = { holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
    using deadline = new Deadline(RELEASE_MS);
    const call = { signal: deadline.signal, timeoutMs: RELEASE_MS };
    const giveBack = async () => {
      if (this.#lease !== undefined && this.holder === this.#options.identity) {
        await this.#client.replace(LEASE, withSpec(this.#lease.object, spec), call);
      }
    };
    try {
      await giveBack().catch(async (error: unknown) => {
        if (!isConflict(error)) throw error;
        await this.#look(call);
        await giveBack();
      });
    } catch (error) {
      this.#options.onError?.(error);
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(this.#times.retryMs, signal).catch(() => undefined);
  }
}

function withSpec(lease: KubeObject, spec: Record<string, unknown>): KubeObject {
  const known = typeof lease['spec'] === 'object' ? lease['spec'] : undefined;
  return { ...lease, apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', spec: { ...known, ...spec } };
}
