import { setTimeout as sleep } from 'node:timers/promises';
import type { FlowRun } from '../../src/api/flow-run.ts';
import { parseFlowRun } from '../../src/api/parse.ts';
import { isTrue } from '../../src/api/conditions.ts';
import { FLOW_RUN } from '../../src/api/flow-run.ts';
import { LABELS } from '../../src/core/names.ts';
import { isAlreadyExists, isNotFound } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { apiVersion } from '../../src/kube/resource.ts';
import { PlayedDask, type Setting } from './dask.ts';
import { Incarnation } from './incarnation.ts';
import { insist } from './insist.ts';
import type { Plane, Slot } from './plane.ts';
import { type Scenario, scenarioOf } from './scenario.ts';
import type { Undisturbed } from './plan.ts';
import type { Work } from './work.ts';

const POLL_MS = 5;

interface Birth {
  /** Breaks its wire before it is born. */
  prepare?: Parameters<typeof Incarnation.start>[1];
  /** Default: it works at once, without a lease. */
  withLease?: boolean;
}

/** A FlowRun of the campaign with its pods, its scheduler, its user and the operators that work on it. */
export class ChaosRun implements AsyncDisposable, Setting {
  readonly name: string;
  readonly scenario: Scenario;
  /** Every operator that has lived, in order of birth. */
  readonly operators: Incarnation[] = [];
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
  #dask: PlayedDask | undefined;

  constructor(plane: Plane, slot: Slot, trial: Undisturbed) {
    this.plane = plane;
    this.slot = slot;
    this.trial = trial;
    this.name = `run-${trial.index}`;
    this.scenario = scenarioOf(trial.scenario);
  }

  /** Pods that behave and a scheduler that answers; no FlowRun yet. */
  async prepare(): Promise<void> {
    this.#dask = this.#stack.use(await PlayedDask.open(this));
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

  /** What the adaptive clusters of its attempts had to do. */
  get works(): Work[] {
    return [...(this.#dask?.works.values() ?? [])];
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

  exitOf(nth: number): number | undefined {
    const { exits, user } = this.scenario;
    if (user === 'suspend') return this.#resumed ? 0 : undefined;
    return exits[Math.min(nth, exits.length) - 1];
  }

  failed(error: unknown): void {
    this.failure ??= String(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
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
}

export function cleanedUp(run: FlowRun | undefined): boolean {
  return isTrue(run?.status?.conditions, 'CleanedUp');
}
