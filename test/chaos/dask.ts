import { setTimeout as sleep } from 'node:timers/promises';
import { LABELS } from '../../src/core/names.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { PlayedScheduler } from '../bench/played-scheduler.ts';
import { roleOf } from './kubelet.ts';
import type { Undisturbed } from './plan.ts';
import type { Plane, Slot } from './plane.ts';
import { type Ended, sample } from './sample.ts';
import type { Scenario } from './scenario.ts';
import { Work } from './work.ts';

const POLL_MS = 5;
const RPC_PORT = 8788;
/** From a worker's retirement to the end of its process. */
const LEAVE_MS = 30;
/** Between the flow's report and the end of its process. */
const REPORTED_MS = 40;

/** The run whose pods are played. */
export interface Setting {
  readonly plane: Plane;
  readonly slot: Slot;
  readonly scenario: Scenario;
  readonly trial: Undisturbed;
  readonly uid: string;
  readonly pods: readonly KubeObject[];
  /** Exit code of the flow pod that runs as the n-th; undefined: it runs until it is stopped. */
  exitOf(nth: number): number | undefined;
  /** Something could not be played. */
  failed(error: unknown): void;
}

/** The flow, the scheduler and the workers of a run, as their pods play them. */
export class PlayedDask implements AsyncDisposable {
  /** Of the attempts of an adaptive run, by their numbers. */
  readonly works = new Map<number, Work>();
  readonly #setting: Setting;
  #scheduler: PlayedScheduler | undefined;
  #ended: Ended | undefined;
  #closed = false;

  private constructor(setting: Setting) {
    this.#setting = setting;
  }

  static async open(setting: Setting): Promise<PlayedDask> {
    const dask = new PlayedDask(setting);
    await dask.#play();
    return dask;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#setting.plane.kubelet.forget(this.#setting.slot.namespace);
    await this.#scheduler?.[Symbol.asyncDispose]();
  }

  async #play(): Promise<void> {
    const { plane, slot, scenario, trial } = this.#setting;
    const heard = scenario.cluster === 'heard';
    if (heard)
      this.#scheduler = await PlayedScheduler.listen(
        slot.address,
        RPC_PORT,
        () => this.#sample(),
        (names) => void this.#retire(names).catch((error: unknown) => this.#setting.failed(error)),
      );
    plane.kubelet.play(slot.namespace, {
      bound: trial.bound,
      address: heard ? slot.address : undefined,
      exitOf: (nth) => this.#setting.exitOf(nth),
      onFlowEnds: async (pod, exitCode) => {
        const attempt = attemptOf(pod);
        await this.#workDone(attempt, pod);
        this.#ended = { attempt, exitCode };
        this.#scheduler?.changed();
        if (heard) await sleep(REPORTED_MS);
      },
      onChange: () => this.#scheduler?.changed(),
      onError: (error) => this.#setting.failed(error),
    });
  }

  #sample(): object {
    const attempt = this.#attempt;
    const { existing, running } = this.#workers(attempt);
    const work = this.#workOf(attempt);
    work?.look(existing, running);
    return sample({ uid: this.#setting.uid, attempt }, { running, work, ended: this.#ended });
  }

  /** Adaptive work begins anew with each attempt. */
  #workOf(attempt: number): Work | undefined {
    if (this.#setting.scenario.adaptive !== true) return undefined;
    let work = this.works.get(attempt);
    if (work === undefined) {
      work = new Work();
      this.works.set(attempt, work);
    }
    return work;
  }

  /** Workers that the operator wants to leave end by themselves when they have left the scheduler. */
  async #retire(names: readonly string[]): Promise<void> {
    const leaving = this.#workOf(this.#attempt)?.retire(names) ?? [];
    if (leaving.length === 0) return;
    this.#scheduler?.changed();
    await sleep(LEAVE_MS);
    const { pods, plane } = this.#setting;
    const own = pods.filter(({ metadata }) => leaving.includes(metadata.name ?? ''));
    await Promise.all(own.map((pod) => plane.kubelet.finish(pod)));
  }

  /** The flow waits for its tasks, unless it is ended itself. */
  async #workDone(attempt: number, flow: KubeObject): Promise<void> {
    const work = this.#workOf(attempt);
    if (work === undefined) return;
    const { kubelet } = this.#setting.plane;
    while (!work.ready && !this.#closed && kubelet.isRunning(flow)) await sleep(POLL_MS);
    work.end();
  }

  /** Of the newest scheduler that runs; 0: none does. One on a lost node cannot be asked, and looks as if it ran. */
  get #attempt(): number {
    const { pods, plane } = this.#setting;
    const schedulers = pods.filter((pod) => roleOf(pod) === 'scheduler' && plane.kubelet.isRunning(pod));
    return Math.max(0, ...schedulers.map(attemptOf));
  }

  /** Names of the attempt's workers: those whose pods have not ended, and those whose processes run. */
  #workers(attempt: number): { existing: string[]; running: string[] } {
    const { pods, plane } = this.#setting;
    const own = pods.filter((pod) => roleOf(pod) === 'worker' && attemptOf(pod) === attempt);
    return {
      existing: namesOf(own.filter((pod) => !plane.kubelet.hasEnded(pod))),
      running: namesOf(own.filter((pod) => plane.kubelet.isRunning(pod))),
    };
  }
}

const attemptOf = ({ metadata }: KubeObject): number => Number(metadata.labels?.[LABELS.attempt] ?? 0);
const namesOf = (pods: readonly KubeObject[]): string[] => pods.map(({ metadata }) => metadata.name ?? '');
