import type { Logger } from 'pino';
import type { FlowRun } from '../api/flow-run.ts';
import { parseFlowRun } from '../api/parse.ts';
import type { FlowRunStatus } from '../api/status.ts';
import { currentAttempt } from '../core/attempt.ts';
import { decide } from '../core/decide.ts';
import type { Action, ChildRef, Decision } from '../core/decision.ts';
import { toLeave } from '../core/departures.ts';
import type { Blocked, Plan } from '../core/observed.ts';
import { formatOrdinals } from '../core/ordinals.ts';
import type { Client } from '../kube/client.ts';
import { ApiError, isConflict, isForbidden, isInvalid, isNotFound } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import { type KubeObject, fromKey } from '../kube/object.ts';
import type { WorkQueue } from '../kube/workqueue.ts';
import type { Actor, CreateFailure } from './actor.ts';
import type { Admission } from './admission.ts';
import { type AttemptRef, RefusedPod, nameOfChild } from './attempt-plans.ts';
import type { Cache } from './cache.ts';
import { FLOW_RUN } from '../api/flow-run.ts';
import { observe } from './observe.ts';
import type { ProgressBudget } from './progress-budget.ts';
import type { SchedulerWatch } from './scheduler-watch.ts';

/** How soon to ask again for a pod that the namespace's quota did not allow. */
const QUOTA_RETRY_MS = 10_000;

/** However long the API server asks to be left alone: a run that is cancelled meanwhile waits for it, too. */
const MAX_AWAY_MS = 10_000;

/** Decisions carried out for one key before others have their turn. */
const STEPS_PER_TURN = 8;

/** Between two turns: whatever one key does over and over, timers and watches have their turn too. */
const BETWEEN_TURNS_MS = 10;

export interface ReconcilerOptions {
  client: Client;
  cache: Cache;
  actor: Actor;
  queue: WorkQueue;
  events: EventRecorder;
  schedulers: SchedulerWatch;
  admission: Admission;
  budget: ProgressBudget;
  plan: (run: FlowRun) => Plan;
  startDeadlineSeconds: number;
  /** Told of every status that was written. */
  onCommit: (key: string, before: FlowRunStatus, after: FlowRunStatus) => void;
  now: () => number;
  log: Logger;
}

/** What is remembered of a run between reconciles; losing it costs a request, never correctness. */
interface Memory {
  uid: string;
  /** Flow pod that this process has made. */
  made: { attempt: number; uid: string } | undefined;
  lost: Set<string>;
  refusal: { attempt: number; message: string } | undefined;
  /** The attempt of which this process has written the status, so that it knows it from the server. */
  confirmed: number | undefined;
  blocked: Map<string, Blocked>;
  /** Until when the API server asked to be left alone, by `performance.now()`. */
  awayUntil: number;
}

/** The loop body: reads the world, asks `decide`, writes the status or acts. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #memory = new Map<string, Memory>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Brings one FlowRun as far as it goes now. Throws what should be tried again with back-off. */
  async reconcile(key: string, signal: AbortSignal): Promise<void> {
    for (let step = 0; step < STEPS_PER_TURN; step++) {
      const object = this.#options.cache.flowRun(key);
      if (object === undefined) return this.#forget(key);
      const parsed = parseFlowRun(object);
      if (!parsed.ok) {
        // The CRD's schema admits nothing that zod refuses; one written under an older schema waits for its owner.
        this.#options.log.warn({ flowRun: key, message: parsed.message }, 'FlowRun could not be read');
        return;
      }
      const memory = this.#remember(key, parsed.value);
      const awayMs = memory.awayUntil - performance.now();
      if (awayMs > 0) return this.#options.queue.addAfter(key, awayMs);
      try {
        if (!(await this.#step(key, object, parsed.value, signal))) return;
      } catch (error) {
        const { retryAfter = 0 } = error instanceof ApiError ? error : {};
        memory.awayUntil = performance.now() + Math.min(retryAfter * 1000, MAX_AWAY_MS);
        throw error;
      }
    }
    this.#options.queue.addAfter(key, BETWEEN_TURNS_MS);
  }

  /** One decision. Whether another may follow at once. */
  async #step(key: string, object: KubeObject, run: FlowRun, signal: AbortSignal): Promise<boolean> {
    const { cache, schedulers, admission, queue, now, startDeadlineSeconds, plan } = this.#options;
    const memory = this.#remember(key, run);
    const ofAttempt = <Known extends { attempt: number }>(known: Known | undefined) =>
      known?.attempt === run.status?.attempt ? known : undefined;
    const planned = plan(run);
    const time = now();
    const observed = observe({
      run,
      cache,
      plan: planned,
      scheduler: schedulers.known(key),
      made: ofAttempt(memory.made)?.uid,
      lost: memory.lost,
      refusal: ofAttempt(memory.refusal)?.message,
      blocked: memory.blocked,
      place: admission.placeOf(key),
      startDeadlineSeconds,
      now: time,
    });
    schedulers.follow(key, run, planned, toLeave(observed));
    const decision = decide(observed);
    if (decision.kind === 'commit') return this.#commit(key, object, run, decision, signal);
    if (decision.wakeAt !== undefined) queue.addAfter(key, Math.max(50, decision.wakeAt - now()));
    if (decision.actions.length === 0) return false;
    this.#log(key, run).info({ actions: decision.actions.map(describe) }, decision.why);
    return this.#act(key, object, run, decision.actions, signal);
  }

  async #commit(
    key: string,
    object: KubeObject,
    run: FlowRun,
    decision: Extract<Decision, { kind: 'commit' }>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { events, budget, queue, schedulers, admission, onCommit, now } = this.#options;
    if (decision.progress) {
      const waitMs = budget.waitMs(key, now());
      if (waitMs > 0) {
        queue.addAfter(key, waitMs);
        return false;
      }
    }
    const status: FlowRunStatus = decision.status;
    if (status.attempt !== run.status?.attempt) admission.begins(key);
    if (!(await this.#write(key, { ...object, status }, signal))) return false;
    this.#remember(key, run).confirmed = status.attempt;
    budget.wrote(key, now());
    if (decision.usesAnswer) schedulers.known(key)?.answers.use();
    onCommit(key, run.status ?? {}, status);
    if (!decision.progress) this.#log(key, run).info({ phase: decision.status.phase }, decision.why);
    for (const note of decision.events) events.record(object, { ...note, action: 'Reconcile' });
    return true;
  }

  /** Whether the status could be written: the server has the FlowRun in the very version that was decided from. */
  async #write(key: string, object: KubeObject, signal: AbortSignal): Promise<boolean> {
    const { client, cache, queue } = this.#options;
    try {
      const written = await client.replaceStatus(FLOW_RUN, object, { signal });
      cache.own.wrote(key, FLOW_RUN.kind, written);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      if (!isConflict(error)) throw error;
      // Decided from an older state: the watch brings the newer one. Not an error.
      queue.addAfter(key, 100);
      return false;
    }
  }

  async #act(
    key: string,
    object: KubeObject,
    run: FlowRun,
    actions: Action[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const { actor } = this.#options;
    const memory = this.#remember(key, run);
    const { namespace, name, uid } = run.metadata;
    const attempt = run.status?.attempt ?? 0;
    const target: AttemptRef = { run: object, namespace, name, uid, attempt };
    // What follows is not fenced. Whoever took the attempt over from another process may see the past, in which the run was not deleted
    // yet, its flow had not run or its cluster was not cleared away: writing the status as it is shows whether that is so.
    if (memory.confirmed !== attempt && !(await this.#write(key, object, signal))) return false;
    memory.confirmed = attempt;
    const children: ChildRef[] = [];
    for (const action of actions) {
      if (action.type === 'create') children.push(action.child);
      else if (action.type === 'lookForFlowPod') {
        const flow = nameOfChild(target, { role: 'flow' });
        if (!(await actor.flowPodExists(target, flow, action.uid, signal))) memory.lost.add(action.uid);
      } else await actor.remove(target, action, signal);
    }
    if (children.length === 0) return true;
    const { failures, flowPodUID } = await actor.create(target, children, signal);
    if (flowPodUID !== undefined) memory.made = { attempt, uid: flowPodUID };
    this.#created(memory, attempt, children, failures);
    return true;
  }

  /** Remembers what was refused; throws what should be tried again with back-off. */
  #created(memory: Memory, attempt: number, children: ChildRef[], failures: CreateFailure[]): void {
    for (const child of children) if (child.role === 'worker') memory.blocked.delete(child.group);
    let failed: unknown;
    for (const { child, error } of failures) {
      const refusal = refusalOf(error);
      const quota = quotaOf(error);
      if (refusal !== undefined) memory.refusal = { attempt, message: refusal };
      else if (quota !== undefined && child.role === 'worker') {
        memory.blocked.set(child.group, { message: quota, until: this.#options.now() + QUOTA_RETRY_MS });
      } else failed ??= error;
    }
    if (failed !== undefined) throw failed;
  }

  #remember(key: string, run: FlowRun): Memory {
    const { uid } = run.metadata;
    const known = this.#memory.get(key);
    if (known?.uid === uid) return known;
    const memory: Memory = {
      uid,
      made: undefined,
      lost: new Set(),
      refusal: undefined,
      blocked: new Map(),
      confirmed: undefined,
      awayUntil: 0,
    };
    this.#memory.set(key, memory);
    return memory;
  }

  #forget(key: string): void {
    this.#memory.delete(key);
    this.#options.schedulers.forget(key);
    this.#options.budget.forget(key);
    this.#options.queue.forget(key);
  }

  #log(key: string, run: FlowRun): Logger {
    const attempt = currentAttempt(run.status ?? {})?.number;
    return this.#options.log.child({ flowRun: key, namespace: fromKey(key).namespace, attempt });
  }
}

/** The server's words if it refuses a child for good: invalid, or forbidden by policy. Quota may pass, so it is waited for. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof RefusedPod) return error.message;
  if (!(error instanceof Error)) return undefined;
  const policy =
    isForbidden(error) && !/exceeded quota|being terminated|cannot create resource/.test(error.message);
  if (!isInvalid(error) && !policy) return undefined;
  // Without the request and the status in front, which tell the user nothing.
  const words = error.message.replace(/^[A-Z]+ \/\S+: \d+ (\w+: )?/, '');
  return `Kubernetes refused a pod of this run: ${words}`;
}

/** The server's words if a quota is in the way; they name the quota, and not the pod. */
function quotaOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !isForbidden(error)) return undefined;
  return /exceeded quota.*/.exec(error.message)?.[0];
}

function describe(action: Action): string {
  if (action.type === 'deleteWorkers')
    return `${action.type} ${formatOrdinals(action.pods.map(({ ordinal }) => ordinal))}`;
  if (!('child' in action)) return action.type;
  const ordinal = 'ordinal' in action.child ? `-${action.child.ordinal}` : '';
  return `${action.type} ${action.child.role}${ordinal}`;
}
