import { setTimeout as sleep } from 'node:timers/promises';
import { inject, prepared } from './inject.ts';
import { type Finding, isGood, judge, type Verdict } from './judge.ts';
import { type Trial, describe } from './plan.ts';
import { type Plane, type Slot, openSlot } from './plane.ts';
import { ChaosRun } from './run.ts';
import { standstill } from './standstill.ts';

/**
 * A run of which nothing has moved for so long is stuck: longer than the minute that is waited for a lost node, and shorter than the five
 * minutes after which the operator looks at every run, whether anything woke it or not.
 */
const STUCK_SECONDS = 120;
/** One that moves and comes to no end. */
const ENDLESS_MS = 600_000;

export interface CampaignOptions {
  readonly plane: Plane;
  readonly trials: readonly Trial[];
  /** Runs at once. */
  readonly lanes: number;
  readonly signal: AbortSignal;
  readonly onVerdict: (verdict: Verdict) => void;
}

/** Carries out all trials, so many at once, each in a namespace of its own. Stops early when the signal is aborted. */
export async function campaign({
  plane,
  trials,
  lanes,
  signal,
  onVerdict,
}: CampaignOptions): Promise<Verdict[]> {
  await using stack = new AsyncDisposableStack();
  const waiting = [...trials];
  const verdicts: Verdict[] = [];
  const lane = async (index: number) => {
    const slot = await openSlot(plane, index, stack);
    for (let trial = waiting.shift(); trial !== undefined && !signal.aborted; trial = waiting.shift()) {
      const verdict = await carryOut(plane, slot, trial, signal);
      if (signal.aborted) return;
      // Of thousands only the logs of those that went wrong are wanted.
      verdicts.push(isGood(verdict) ? { ...verdict, log: '' } : verdict);
      onVerdict(verdict);
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, trials.length) }, (_, index) => lane(index)));
  return verdicts;
}

async function carryOut(plane: Plane, slot: Slot, trial: Trial, signal: AbortSignal): Promise<Verdict> {
  const began = performance.now();
  await using run = new ChaosRun(plane, slot, trial);
  await run.prepare();
  await using limit = new Limit(run, signal);
  let struck = false;
  let finding: Finding;
  try {
    const first = await run.birth(prepared(trial));
    await run.create();
    [struck] = await Promise.all([inject(run, trial, first, limit.signal), run.play(limit.signal)]);
    while (!run.over && !limit.signal.aborted) await sleep(10);
    finding = run.over
      ? await judge(run, trial.kind)
      : { ...NOTHING, wrong: `not over, and ${limit.reached}: ${JSON.stringify(run.flowRun?.status)}` };
  } catch (error) {
    finding = {
      ...NOTHING,
      wrong: `${describe(trial)}: ${error instanceof Error ? error.stack : String(error)}`,
    };
  }
  if (run.failure !== undefined) finding = { ...finding, wrong: `a pod could not be played: ${run.failure}` };
  return { ...finding, trial, struck, seconds: (performance.now() - began) / 1000, log: logOf(run) };
}

/** Ends the patience with a run. */
class Limit implements AsyncDisposable {
  readonly signal: AbortSignal;
  reached = 'interrupted';
  readonly #ended = new AbortController();
  readonly #watch: Promise<void>;

  constructor(run: ChaosRun, interrupted: AbortSignal) {
    const endless = AbortSignal.timeout(ENDLESS_MS);
    this.signal = AbortSignal.any([interrupted, endless, this.#ended.signal]);
    this.#watch = this.#observe(run, endless);
  }

  async #observe(run: ChaosRun, endless: AbortSignal): Promise<void> {
    await standstill(() => run.picture, STUCK_SECONDS, this.signal);
    if (endless.aborted) this.reached = `it has been at it for ${ENDLESS_MS / 1000} s`;
    else if (!this.signal.aborted) this.reached = `nothing of it has moved for ${STUCK_SECONDS} s`;
    this.#ended.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#watch;
  }
}

const NOTHING = { orphans: [], duplicates: [], lateWrites: [] };

/** What each operator asked for and said. */
function logOf({ operators }: ChaosRun): string {
  return operators
    .map(({ proxy, log }, index) => {
      const requests = proxy.requests.map(
        ({ method, path, status, at, answerLost }) =>
          `${Math.round(at)} ${method} ${path} → ${status}${answerLost === true ? ' (answer lost)' : ''}`,
      );
      return `── operator ${index + 1}\n${requests.join('\n')}\n${log}`;
    })
    .join('\n');
}
