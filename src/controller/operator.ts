import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import type { ResolveConfig } from '../core/resolve.ts';
import { Monitor } from '../dask/monitor.ts';
import { type Backoff, backoffMs } from '../kube/backoff.ts';
import { Client } from '../kube/client.ts';
import { systemClock } from '../kube/clock.ts';
import { isFenced, isRetryable } from '../kube/errors.ts';
import { EventRecorder } from '../kube/events.ts';
import { LeaderElection } from '../kube/leader.ts';
import type { LeaseTimes } from '../kube/lease.ts';
import { WorkQueue } from '../kube/workqueue.ts';
import type { OperatorPods } from '../manifests/network-policy.ts';
import { HttpServer } from '../ops/http.ts';
import { Metrics } from '../ops/metrics.ts';
import { Admission } from './admission.ts';
import { Actor, SELECTOR_KEYS } from './actor.ts';
import { AttemptPlans } from './attempt-plans.ts';
import { AttemptTlsKeys } from './attempt-tls.ts';
import { Cache } from './cache.ts';
import { MANAGER } from './observe.ts';
import { planOf } from './plan.ts';
import { readPrograms } from './programs.ts';
import { ProgressBudget } from './progress-budget.ts';
import { Reconciler } from './reconciler.ts';
import { SchedulerWatch } from './scheduler-watch.ts';
import { loadSeed } from './seed.ts';
import { Telemetry } from './telemetry.ts';

/** How often an idle operator checks whether its caches are filled. */
const SYNC_POLL_MS = 20;

/** A watch hears a bookmark about once a minute, and one that is silent for 150 s is opened anew: beyond this that does not work. */
const SILENT_WATCH_MS = 10 * 60_000;

const SEED_BACKOFF: Backoff = { baseMs: 500, maxMs: 30_000, jitter: 0.5 };

/** A run that nothing wakes is looked at this often: missed events cost time, never correctness. */
const RESYNC_MS = 5 * 60_000;

export interface OperatorOptions {
  kubeConfig: KubeConfig;
  config: {
    /** None: all. */
    namespace: readonly string[];
    defaultImage?: string | undefined;
    workersPerRun: number;
    maxConcurrentRuns?: number | undefined;
    maxConcurrentRunsPerNamespace?: number | undefined;
    startDeadlineSeconds: number;
    sampleSeconds: number;
    concurrency: number;
    leaseNamespace?: string | undefined;
    leaseName: string;
    seedNamespace?: string | undefined;
    operatorPods?: OperatorPods | undefined;
    security: 'tls' | 'none';
    podDefaults: 'restricted' | 'baseline';
    runAsUser?: number | undefined;
    podPolicy: 'baseline' | 'none';
    httpPort?: number | undefined;
  };
  version: string;
  /** Of this process, in the events it writes and in the Lease it holds: unique, restarts included. */
  instance: string;
  log: Logger;
  /** Milliseconds since the epoch. Default: the machine's clock. */
  now?: () => number;
  /** Of the Lease. Default: those of LeaderElection. */
  leaseTimes?: LeaseTimes;
}

/** The controller and what it stands on, wired. */
export class Operator {
  readonly #options: OperatorOptions;

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  /**
   * Works until the signal is aborted; with a lease, while it holds it, and stands by with filled caches before. What is under way at
   * the end is finished or found again at the next start. `lost`: another process leads now, and this one must be started anew.
   */
  async run(signal: AbortSignal): Promise<'stopped' | 'lost'> {
    const { kubeConfig, config, log, instance } = this.#options;
    const now = this.#options.now ?? (() => Date.now());
    const programs = await readPrograms();
    let election: LeaderElection | undefined;
    const client = new Client(kubeConfig, {
      requiredSelectorKeys: SELECTOR_KEYS,
      mayWrite: () => election?.mayWrite() ?? true,
      onAttempt: (verb, status, ms) => metrics.requested(verb, status, ms / 1000),
    });
    const queue = new WorkQueue({ onError: (key, error) => logFailure(log, key, error) });
    const add = (key: string) => queue.add(key);
    const limits = { all: config.maxConcurrentRuns, perNamespace: config.maxConcurrentRunsPerNamespace };
    const admission = new Admission(limits, add);
    const seen = (key: string) => admission.seen(key, cache.flowRun(key));
    const cache = new Cache({
      client,
      namespaces: config.namespace,
      onChange: (key) => {
        seen(key);
        add(key);
      },
      onError: (error) => log.warn({ err: error }, 'Watch failed; it is tried again'),
    });
    const monitor = new Monitor({
      now,
      onSample: (key) => {
        schedulers.sampled(key);
        queue.add(key);
      },
    });
    const metrics = new Metrics(
      {
        waiting: () => admission.waiting,
        queueDepth: () => queue.depth,
        queueAgeSeconds: () => queue.ageMs / 1000,
        watchAgeSeconds: () => cache.oldestEventAge / 1000,
        leads: () => election?.mayWrite() ?? true,
        schedulers: () => monitor.size,
      },
      config.httpPort !== undefined,
    );
    const resolveConfig = this.#resolveConfig();
    const keys = await this.#keys(client, now, signal);
    const plans = new AttemptPlans({
      client,
      cache,
      config: resolveConfig,
      programs,
      keys,
      operatorPods: config.operatorPods,
      now,
    });
    const schedulers = new SchedulerWatch(monitor, cache, keys, config.sampleSeconds, add);
    const telemetry = new Telemetry(metrics);
    const events = new EventRecorder({ client, controller: MANAGER, instance });
    const reconciler = new Reconciler({
      client,
      cache,
      actor: new Actor(client, cache, plans),
      queue,
      events,
      schedulers,
      admission,
      budget: new ProgressBudget(),
      plan: (run) => planOf(run, resolveConfig),
      startDeadlineSeconds: config.startDeadlineSeconds,
      onCommit: (key, before, after) => {
        seen(key);
        telemetry.committed(key, before, after, now());
      },
      now,
      log,
    });
    const handle = async (key: string, within: AbortSignal): Promise<void> => {
      const startedAt = performance.now();
      const measured = (result: 'success' | 'error') =>
        metrics.reconciled(result, (performance.now() - startedAt) / 1000);
      await reconciler.reconcile(key, within).then(
        () => measured('success'),
        (error: unknown) => {
          measured('error');
          throw error;
        },
      );
      queue.forget(key);
      if (cache.flowRun(key) !== undefined) queue.addAfter(key, RESYNC_MS);
    };
    const work = async (leading: AbortSignal): Promise<void> => {
      log.info('Caches are filled; working');
      await Promise.all([events.run(leading), queue.run(config.concurrency, handle, leading)]);
    };

    const ended = new AbortController();
    const watching = cache.run(AbortSignal.any([signal, ended.signal]));
    const http = await this.#serve(metrics, cache);
    try {
      // Nothing is decided from a picture that is not complete.
      await until(() => cache.synced, signal);
      if (signal.aborted) return 'stopped';
      if (config.leaseNamespace === undefined) {
        await work(signal);
        return 'stopped';
      }
      election = new LeaderElection({
        client,
        namespace: config.leaseNamespace,
        name: config.leaseName,
        identity: instance,
        times: this.#options.leaseTimes,
        onError: (error) => log.warn({ err: error }, 'The lease could not be read or written'),
      });
      log.info('Caches are filled; standing by for the lease');
      return await election.run(work, signal);
    } finally {
      ended.abort();
      await watching;
      await monitor.close();
      await http?.close();
      await client.close();
    }
  }

  /** Undefined when no run of this operator is encrypted. Waits for an API server that does not answer; rejects when it refuses. */
  async #keys(client: Client, now: () => number, signal: AbortSignal): Promise<AttemptTlsKeys | undefined> {
    const { config, kubeConfig, log } = this.#options;
    if (config.security === 'none') return undefined;
    const context = kubeConfig.getContextObject(kubeConfig.getCurrentContext());
    const namespace = config.seedNamespace ?? config.leaseNamespace ?? context?.namespace ?? 'default';
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        return new AttemptTlsKeys(await loadSeed(client, namespace, signal), now);
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!isRetryable(error)) throw error;
        log.warn({ err: error }, 'The seed of all keys cannot be read yet; it is tried again');
        await systemClock.sleep(backoffMs(SEED_BACKOFF, failures + 1), signal).catch(() => undefined);
      }
    }
    return undefined;
  }

  async #serve(metrics: Metrics, cache: Cache): Promise<HttpServer | undefined> {
    const { config, log } = this.#options;
    if (config.httpPort === undefined) return undefined;
    const filled = () => (cache.synced ? undefined : 'the caches are not filled yet');
    const alive = () =>
      cache.synced && cache.oldestEventAge > SILENT_WATCH_MS
        ? `a watch has been silent for ${Math.round(cache.oldestEventAge / 1000)} s`
        : undefined;
    const http = await HttpServer.start({ port: config.httpPort, metrics, healthy: alive, ready: filled });
    log.info({ port: http.port }, 'Serving /metrics, /healthz and /readyz');
    return http;
  }

  #resolveConfig(): ResolveConfig {
    const { config, version } = this.#options;
    const small = { requests: { cpu: '50m', memory: '128Mi' } };
    return {
      operatorVersion: version,
      defaultImage: config.defaultImage,
      defaultResources: { flow: small, scheduler: small, worker: small },
      workersPerRun: config.workersPerRun,
      security: config.security,
      podDefaults: config.podDefaults,
      runAsUser: config.runAsUser,
      podPolicy: config.podPolicy,
      startDeadlineSeconds: config.startDeadlineSeconds,
      gracePeriodSeconds: 30,
    };
  }
}

function logFailure(log: Logger, key: string, error: unknown): void {
  if (isFenced(error)) return;
  log.warn({ flowRun: key, err: error }, 'Reconcile failed; it is tried again');
}

async function until(condition: () => boolean, signal: AbortSignal): Promise<void> {
  while (!condition() && !signal.aborted) {
    await new Promise((resolve) => {
      setTimeout(resolve, SYNC_POLL_MS);
    });
  }
}
