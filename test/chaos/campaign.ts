import { setTimeout as sleep } from 'node:timers/promises';
import { inject, prepared } from './inject.ts';
import { type Finding, isGood, judge, type Verdict } from './judge.ts';
import { type Trial, describe } from './plan.ts';
import { type Plane, type Slot, openSlot } from './plane.ts';
import { ChaosRun } from './run.ts';

/**
 * A run that has not ended by then is stuck: longer than the minute that is waited for a lost node, on a machine that is busy too, and
 * shorter than the five minutes after which the operator looks at every run, whether anything woke it or not.
 */
const LIMIT_SECONDS = 180;

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
      verdicts.push(verdict);
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
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_SECONDS * 1000)]);
  let struck = false;
  let finding: Finding;
  try {
    const first = await run.birth(prepared(run));
    await run.create();
    [struck] = await Promise.all([inject(run, first, limit), run.play(limit)]);
    while (!run.over && !limit.aborted) await sleep(10);
    finding = run.over
      ? await judge(run)
      : { ...NOTHING, wrong: `not over after ${LIMIT_SECONDS} s: ${JSON.stringify(run.flowRun?.status)}` };
  } catch (error) {
    finding = {
      ...NOTHING,
      wrong: `${describe(trial)}: ${error instanceof Error ? error.stack : String(error)}`,
    };
  }
  const verdict = { ...finding, trial, struck, seconds: (performance.now() - began) / 1000, log: '' };
  return isGood(verdict) ? verdict : { ...verdict, log: logOf(run) };
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
