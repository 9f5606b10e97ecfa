import { setTimeout as sleep } from 'node:timers/promises';
import type { FlowRun } from '../../src/api/flow-run.ts';
import { parseFlowRun } from '../../src/api/parse.ts';
import { isTrue } from '../../src/api/conditions.ts';
import { FLOW_RUN } from '../../src/api/flow-run.ts';
import { LABELS } from '../../src/core/names.ts';
import { PlayedScheduler } from '../bench/played-scheduler.ts';
import { isAlreadyExists, isNotFound } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { apiVersion } from '../../src/kube/resource.ts';
import { Incarnation } from './incarnation.ts';
import { insist } from './insist.ts';
import { roleOf } from './kubelet.ts';
import type { Plane, Slot } from './plane.ts';
import { type Scenario, scenarioOf } from './scenario.ts';
import type { Undisturbed } from './plan.ts';
import { type Ended, sample } from './sample.ts';
import { Work } from './work.ts';

const POLL_MS = 5;
const RPC_PORT = 8788;
/** From a worker's retirement to the end of its process. */
const LEAVE_MS = 30;

interface Birth {
  /** Breaks its wire before it is born. */
  prepare?: Parameters<typeof Incarnation.start>[1];
  /** Default: it works at once, without a lease. */
  withLease?: boolean;
}

/** A FlowRun of the campaign with its pods, its scheduler, its user and the operators that work on it. */
export class ChaosRun implements AsyncDisposable {
  readonly name: string;
  readonly scenario: Scenario;
  /** Every operator that has lived, in order of birth. */
  readonly operators: Incarnation[] = [];
  /** Of the attempts of an adaptive run, by their numbers. */
  readonly works = new Map<number, Work>();
  uid = '';
  /** Of the played kubelet: the run proves nothing. */
  failure: string | undefined;
  /** Milliseconds that the operators' clock is ahead. */
  clockAheadMs = 0;
  readonly plane: Plane;
  readonly slot: Slot;
  readonly trial: Undisturbed;
  readonly #stack = new AsyncDisposableStack();
  #resumed = false;
  #seen = false;
  /** Asked for many times a second. */
  #parsed: { object: KubeObject; run: FlowRun } | undefined;
  #ended: Ended | undefined;
  #closed = false;

  constructor(plane: Plane, slot: Slot, trial: Undisturbed) {
    this.plane = plane;
    this.slot = slot;
    this.trial = trial;
    this.name = `run-${trial.index}`;
    this.scenario = scenarioOf(trial.scenario);
  }

  /** Pods that behave and a scheduler that answers; no FlowRun yet. */
  async prepare(): Promise<void> {
    const { plane, slot, scenario, trial } = this;
    const heard = scenario.cluster === 'heard';
    const scheduler = heard
      ? this.#stack.use(
          await PlayedScheduler.listen(
            slot.address,
            RPC_PORT,
            () => this.#sample(),
            (names) => void this.#retire(names, changed).catch((error: unknown) => this.#failed(error)),
          ),
        )
      : undefined;
    const changed = () => scheduler?.changed();
    plane.kubelet.play(slot.namespace, {
      bound: trial.bound,
      address: heard ? slot.address : undefined,
      exitOf: (nth) => this.#exitOf(nth),
      onFlowEnds: async (pod, exitCode) => {
        const attempt = attemptOf(pod);
        await this.#workDone(attempt, pod);
        this.#ended = { attempt, exitCode };
        changed();
        if (heard) await sleep(40);
      },
      onChange: changed,
      onError: (error) => this.#failed(error),
    });
    this.#stack.defer(() => plane.kubelet.forget(slot.namespace));
  }

  async birth({ prepare, withLease = false }: Birth = {}): Promise<Incarnation> {
    const { plane, slot } = this;
    const operator = await Incarnation.start(
      {
        ...plane,
        namespace: slot.namespace,
        seedNamespace: plane.namespace,
        now: () => Date.now() + this.clockAheadMs,
        withLease,
      },
      prepare,
    );
    this.operators.push(operator);
    this.#stack.defer(() => operator.end());
    return operator;
  }

  async create(): Promise<void> {
    const metadata = { namespace: this.slot.namespace, name: this.name };
    const { client } = this.plane;
    const created = await insist(async () => {
      try {
        return await client.create(FLOW_RUN, {
          apiVersion: apiVersion(FLOW_RUN),
          kind: FLOW_RUN.kind,
          metadata,
          spec: this.scenario.spec,
        });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        return client.get(FLOW_RUN, metadata.namespace, metadata.name);
      }
    });
    this.uid = created.metadata.uid ?? '';
    this.#stack.defer(() => this.remove());
  }

  /** As the server has it; undefined when it is gone. */
  get flowRun(): FlowRun | undefined {
    const object = this.plane.runs.store.get(`${this.slot.namespace}/${this.name}`);
    if (object === undefined) return undefined;
    this.#seen = true;
    if (object !== this.#parsed?.object) {
      const parsed = parseFlowRun(object);
      if (!parsed.ok) throw new Error(`the FlowRun cannot be read: ${parsed.message}`);
      this.#parsed = { object, run: parsed.value };
    }
    return this.#parsed.run;
  }

  /** Nothing more shall happen. */
  get over(): boolean {
    const run = this.flowRun;
    return this.scenario.end === 'gone' ? this.#seen && run === undefined : cleanedUp(run);
  }

  get pods(): KubeObject[] {
    return this.plane.kubelet
      .pods(this.slot.namespace)
      .filter(({ metadata }) => metadata.labels?.[LABELS.uid] === this.uid);
  }

  /** Differs whenever anything of the run has moved. */
  get picture(): string {
    const versions = [this.flowRun, ...this.pods].map((each) => each?.metadata.resourceVersion);
    return `${this.written} ${versions.join(' ')}`;
  }

  /** Writes that took place, of all operators. */
  get written(): number {
    return this.operators.reduce((sum, { done }) => sum + done.length, 0);
  }

  /** Whether `condition` came true before the run was over. */
  async before(condition: () => boolean, signal: AbortSignal): Promise<boolean> {
    while (!condition()) {
      if (this.over || signal.aborted) return false;
      await sleep(POLL_MS);
    }
    return true;
  }

  /** What the user does, if anything. */
  async play(signal: AbortSignal): Promise<void> {
    const { user } = this.scenario;
    const runs = () => this.plane.kubelet.flows(this.slot.namespace).ran.length > 0;
    if (user === undefined || !(await this.before(runs, signal))) return;
    if (user === 'delete') return this.remove();
    if (user === 'cancel') return this.#patch({ cancel: true });
    await this.#patch({ suspend: true });
    await this.before(() => isTrue(this.flowRun?.status?.conditions, 'Suspended'), signal);
    this.#resumed = true;
    await this.#patch({ suspend: false });
  }

  async remove(): Promise<void> {
    const { client } = this.plane;
    await insist(() =>
      client.delete(FLOW_RUN, this.slot.namespace, this.name, {
        uid: this.uid,
        propagationPolicy: 'Background',
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#stack.disposeAsync();
  }

  async #patch(spec: object): Promise<void> {
    const { client } = this.plane;
    await insist(() =>
      client.patch(FLOW_RUN, this.slot.namespace, this.name, { spec }, { type: 'merge', uid: this.uid }),
    ).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  #exitOf(nth: number): number | undefined {
    const { exits, user } = this.scenario;
    if (user === 'suspend') return this.#resumed ? 0 : undefined;
    return exits[Math.min(nth, exits.length) - 1];
  }

  /** Adaptive work begins anew with each attempt. */
  #workOf(attempt: number): Work | undefined {
    if (this.scenario.adaptive !== true) return undefined;
    let work = this.works.get(attempt);
    if (work === undefined) {
      work = new Work(attempt);
      this.works.set(attempt, work);
    }
    return work;
  }

  /** What the scheduler among the pods says. */
  #sample(): object {
    const attempt = this.#attempt;
    const { existing, running } = this.#workers(attempt);
    const work = this.#workOf(attempt);
    work?.look(existing, running);
    return sample({ uid: this.uid, attempt }, { running, work, ended: this.#ended });
  }

  /** Workers that the operator wants to leave end by themselves when they have left the scheduler. */
  async #retire(names: readonly string[], changed: () => void): Promise<void> {
    const leaving = this.#workOf(this.#attempt)?.retire(names) ?? [];
    if (leaving.length === 0) return;
    changed();
    await sleep(LEAVE_MS);
    const pods = this.pods.filter(({ metadata }) => leaving.includes(metadata.name ?? ''));
    await Promise.all(pods.map((pod) => this.plane.kubelet.finish(pod)));
  }

  /** The flow waits for its tasks, unless it is ended itself. */
  async #workDone(attempt: number, flow: KubeObject): Promise<void> {
    const work = this.#workOf(attempt);
    if (work === undefined) return;
    while (!work.ready && !this.#closed && this.plane.kubelet.isRunning(flow)) await sleep(POLL_MS);
    work.end();
  }

  /** Of the newest scheduler that runs; 0: none does. One on a lost node cannot be asked, and looks as if it ran. */
  get #attempt(): number {
    const schedulers = this.pods.filter(
      (pod) => roleOf(pod) === 'scheduler' && this.plane.kubelet.isRunning(pod),
    );
    return Math.max(0, ...schedulers.map(attemptOf));
  }

  /** Names of the attempt's workers: those whose pods have not ended, and those whose processes run. */
  #workers(attempt: number): { existing: string[]; running: string[] } {
    const { kubelet } = this.plane;
    const own = this.pods.filter((pod) => roleOf(pod) === 'worker' && attemptOf(pod) === attempt);
    return {
      existing: namesOf(own.filter((pod) => !kubelet.hasEnded(pod))),
      running: namesOf(own.filter((pod) => kubelet.isRunning(pod))),
    };
  }

  #failed(error: unknown): void {
    this.failure ??= String(error);
  }
}

const attemptOf = ({ metadata }: KubeObject): number => Number(metadata.labels?.[LABELS.attempt] ?? 0);
const namesOf = (pods: readonly KubeObject[]): string[] => pods.map(({ metadata }) => metadata.name ?? '');

export function cleanedUp(run: FlowRun | undefined): boolean {
  return isTrue(run?.status?.conditions, 'CleanedUp');
}
