import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import type { FlowRun } from '../api/flow-run.ts';
import type { Plan } from '../core/observed.ts';
import { type ResolveConfig, resolve } from '../core/resolve.ts';
import { Monitor } from '../dask/monitor.ts';
import { Client } from '../kube/client.ts';
import { isFenced } from '../kube/errors.ts';
import { EventRecorder } from '../kube/events.ts';
import { WorkQueue } from '../kube/workqueue.ts';
import { Actor, SELECTOR_KEYS } from './actor.ts';
import { AttemptPlans } from './attempt-plans.ts';
import { Cache } from './cache.ts';
import { MANAGER } from './observe.ts';
import { readPrograms } from './programs.ts';
import { ProgressBudget } from './progress-budget.ts';
import { Reconciler } from './reconciler.ts';
import { SchedulerWatch } from './scheduler-watch.ts';

/** How often an idle operator checks whether its caches are filled. */
const SYNC_POLL_MS = 20;

/** A run that nothing wakes is looked at this often: missed events cost time, never correctness. */
const RESYNC_MS = 5 * 60_000;

export interface OperatorOptions {
  kubeConfig: KubeConfig;
  config: {
    namespace?: string | undefined;
    defaultImage?: string | undefined;
    workersPerRun: number;
    startDeadlineSeconds: number;
    sampleSeconds: number;
    concurrency: number;
  };
  version: string;
  /** Of this process, in the events it writes. */
  instance: string;
  log: Logger;
}

/** The controller and what it stands on, wired. */
export class Operator {
  readonly #options: OperatorOptions;

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  /** Works until the signal is aborted. What is under way then is finished or found again at the next start. */
  async run(signal: AbortSignal): Promise<void> {
    const { kubeConfig, config, log, instance } = this.#options;
    const now = () => Date.now();
    const programs = await readPrograms();
    const client = new Client(kubeConfig, { requiredSelectorKeys: SELECTOR_KEYS });
    const queue = new WorkQueue({ onError: (key, error) => logFailure(log, key, error) });
    const add = (key: string) => queue.add(key);
    const cache = new Cache({
      client,
      namespace: config.namespace,
      now,
      onChange: add,
      onError: (error) => log.warn({ err: error }, 'Watch failed; it is tried again'),
    });
    const resolveConfig = this.#resolveConfig();
    const plans = new AttemptPlans({ client, cache, config: resolveConfig, programs, now });
    const monitor = new Monitor({ onSample: add });
    const events = new EventRecorder({ client, controller: MANAGER, instance });
    const reconciler = new Reconciler({
      client,
      cache,
      actor: new Actor(client, cache, plans),
      queue,
      events,
      schedulers: new SchedulerWatch(monitor, cache, config.sampleSeconds),
      budget: new ProgressBudget(),
      plan: (run) => planOf(run, resolveConfig),
      startDeadlineSeconds: config.startDeadlineSeconds,
      now,
      log,
    });
    const handle = async (key: string, within: AbortSignal): Promise<void> => {
      await reconciler.reconcile(key, within);
      queue.forget(key);
      queue.addAfter(key, RESYNC_MS);
    };
    try {
      const watching = [cache.run(signal), events.run(signal)];
      await until(() => cache.synced, signal);
      if (!signal.aborted) log.info('Caches are filled; working');
      // Nothing is decided from a picture that is not complete.
      await queue.run(config.concurrency, handle, signal);
      await Promise.all(watching);
    } finally {
      await monitor.close();
      await client.close();
    }
  }

  #resolveConfig(): ResolveConfig {
    const { config, version } = this.#options;
    const small = { requests: { cpu: '50m', memory: '128Mi' } };
    return {
      operatorVersion: version,
      defaultImage: config.defaultImage,
      defaultResources: { flow: small, scheduler: small, worker: small },
      workersPerRun: config.workersPerRun,
      startDeadlineSeconds: config.startDeadlineSeconds,
      gracePeriodSeconds: 30,
    };
  }
}

function planOf(run: FlowRun, config: ResolveConfig): Plan {
  const resolution = resolve(run, config);
  if (!resolution.ok) return resolution;
  const { resolved, warnings } = resolution;
  return {
    ok: true,
    cluster: resolved.cluster !== undefined,
    workers: resolved.cluster?.workers ?? 0,
    warnings,
  };
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
