import { z } from 'zod';
import type { FlowRun } from '../api/flow-run.ts';
import { currentAttempt, isOver } from '../core/attempt.ts';
import { LABELS, childName } from '../core/names.ts';
import type { Monitor } from '../dask/monitor.ts';
import type { Newest } from '../dask/watch.ts';
import type { AttemptTlsKeys } from './attempt-tls.ts';
import type { Cache } from './cache.ts';

/** Dask's RPC over WebSocket, for the operator alone. */
const RPC_PORT = 8788;

const DRAIN_SECONDS = 300;

const withAddress = z.object({ status: z.object({ podIP: z.string().min(1) }) });

/** Keeps one connection to the scheduler of each run whose attempt is in progress, and drops it afterwards. */
export class SchedulerWatch {
  readonly intervalSeconds: number;
  readonly #monitor: Monitor;
  readonly #cache: Cache;
  readonly #keys: AttemptTlsKeys | undefined;

  constructor(monitor: Monitor, cache: Cache, keys: AttemptTlsKeys | undefined, intervalSeconds: number) {
    this.#keys = keys;
    this.#monitor = monitor;
    this.#cache = cache;
    this.intervalSeconds = intervalSeconds;
  }

  follow(key: string, run: FlowRun): void {
    const status = run.status ?? {};
    const attempt = currentAttempt(status);
    if (
      attempt === undefined ||
      attempt.endTime !== undefined ||
      isOver(status) ||
      status.cluster === undefined
    ) {
      this.forget(key);
      return;
    }
    const { namespace, uid } = run.metadata;
    const pod = this.#cache.child(
      'Pod',
      namespace,
      childName(run.metadata, attempt.number, 'scheduler'),
      uid,
    );
    const ip = withAddress.safeParse(pod).data?.status.podIP;
    if (ip === undefined) return;
    const host = ip.includes(':') ? `[${ip}]` : ip;
    const secure = pod?.metadata.labels?.[LABELS.security] === 'tls';
    const ref = { ...run.metadata, attempt: attempt.number };
    const tls = secure ? this.#keys?.forOperator(ref, () => this.follow(key, run)) : undefined;
    if (secure && tls === undefined) return;
    this.#monitor.track(key, {
      url: `${secure ? 'wss' : 'ws'}://${host}:${RPC_PORT}`,
      tls,
      uid,
      attempt: attempt.number,
      intervalSeconds: this.intervalSeconds,
      drain: [],
      drainSeconds: DRAIN_SECONDS,
    });
  }

  newest(key: string): Newest | undefined {
    return this.#monitor.newest(key);
  }

  forget(key: string): void {
    this.#monitor.untrack(key);
  }
}
