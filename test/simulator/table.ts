import { makespanBar, workerSecondsBar } from './bars.ts';
import { daskAdaptive } from './policy-dask.ts';
import { fixed } from './policy-fixed.ts';
import { flowrun } from './policy-flowrun.ts';
import { daskKubernetes } from './policy-peer.ts';
import type { Policy } from './policy.ts';
import { type Outcome, simulate } from './simulation.ts';
import { type Trace, TRACES } from './traces.ts';

export const POLICIES: readonly Policy[] = [fixed, flowrun, daskAdaptive, daskKubernetes];

export interface Comparison {
  trace: Trace;
  fixed: Outcome;
  ours: Outcome;
  outcomes: readonly Outcome[];
}

export function compare(trace: Trace): Comparison {
  const outcomes = POLICIES.map((policy) => simulate(trace, policy));
  const [first, ours] = outcomes;
  if (first === undefined || ours === undefined) throw new Error('no policies');
  return { trace, fixed: first, ours, outcomes };
}

export function compareAll(): Comparison[] {
  return TRACES.map((trace) => compare(trace));
}

/** The comparison as a Markdown table. Figures that miss a bar are marked. */
export function table(comparisons: readonly Comparison[]): string {
  const rows = comparisons.flatMap(({ trace, fixed, outcomes }) =>
    outcomes.map((outcome, index) => {
      const mark = (value: number, bar: number) =>
        value === Infinity
          ? 'failed !'
          : outcome === fixed
            ? value.toFixed(1)
            : `${value.toFixed(1)} / ${bar.toFixed(1)}${value > bar ? ' !' : ''}`;
      return [
        index === 0 ? trace.name : '',
        outcome.policy,
        mark(outcome.makespan, makespanBar(trace, fixed)),
        mark(outcome.workerSeconds, workerSecondsBar(trace, outcome)),
        outcome.busySeconds.toFixed(1),
        `${outcome.started}`,
        `${outcome.most}`,
        `${outcome.restarted}`,
        `${outcome.turns}`,
      ];
    }),
  );
  const head = [
    'Trace',
    'Policy',
    'Makespan (s)',
    'Worker-seconds',
    'Busy',
    'Pods',
    'Most',
    'Restarted',
    'Turns',
  ];
  return [head, head.map((_, index) => (index < 2 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
