import { type Adaptive, adaptiveFlowRun, adaptiveLocal, adaptivePeer } from './adaptive.ts';
import { type Bar, barRow } from './bars.ts';
import type { Context } from './context.ts';
import { playedShrink } from './played-run.ts';
import type { Load, Scaled } from './scaling-work.ts';
import { seconds, summarise, table } from './stats.ts';

const GROW: Load = { minimum: 1, maximum: 10, tasks: 100, seconds: 2, hold: true };
const IDLE: Load = { minimum: 0, maximum: 30, tasks: 300, seconds: 2, hold: false };

const SUBJECTS: Record<string, Adaptive> = {
  FlowRun: adaptiveFlowRun,
  'dask-kubernetes': adaptivePeer,
  "Dask's Adaptive": adaptiveLocal,
};

/** Adaptive clusters: how soon they grow, and how soon they shrink without losing work. */
export async function scaling(context: Context): Promise<void> {
  const grown = await measure(context, `1 → 10 → 1, 100 tasks of 2 s, results held`, GROW);
  const idle = await measure(context, `1 → 30 → 0, 300 tasks of 2 s, results let go`, IDLE);
  const { say } = context;
  report(context, GROW, grown);
  report(context, IDLE, idle);
  const shrunk = await playedShrink(context);
  say('\nBars:\n');
  const ours = grown['FlowRun'] ?? [];
  const podStart = median(ours, ({ pods, task }) => task - (pods?.first ?? task));
  const work = (GROW.tasks * GROW.seconds) / GROW.maximum;
  const bars: Bar[] = [
    {
      what: 'queue grows → first new pods',
      value: median(ours, ({ arrives, pods }) => (pods?.first ?? Number.NaN) - arrives),
      limit: 0.5,
      from: 'p50',
    },
    {
      what: 'work ends → 10 → 1, results held',
      value: median(ours, ({ worked, shrunk }) => shrunk - worked),
      limit: 8,
      from: 'the default wait_count',
    },
    {
      what: '100 tasks of 2 s',
      value: median(ours, ({ arrives, worked }) => worked - arrives),
      limit: 1.15 * (work + podStart),
      from: `1.15 × (${work} s of work + ${seconds(podStart)} s pod start)`,
    },
    {
      what: '100 idle workers → 0',
      value: shrunk,
      limit: 15,
      from: 'control plane only, played scheduler',
    },
  ];
  say(table(bars.map(barRow)));
}

type Measured = Record<string, Scaled[]>;

async function measure(context: Context, what: string, load: Load): Promise<Measured> {
  const measured: Measured = {};
  for (const [name, subject] of Object.entries(SUBJECTS)) {
    // The peer takes minutes for each, and more of them would not tell more.
    const repetitions = name === 'FlowRun' ? context.repetitions : 1;
    for (let number = 1; number <= repetitions; number += 1) {
      context.signal.throwIfAborted();
      context.say(`${name}: ${what}${repetitions > 1 ? ` (${number}/${repetitions})` : ''}`);
      (measured[name] ??= []).push(await subject(context, load));
    }
  }
  return measured;
}

function report({ say }: Context, { minimum, maximum, tasks }: Load, measured: Measured): void {
  const row = (name: string, of: (scaled: Scaled) => number) => [
    name,
    ...Object.values(measured).map((all) => {
      const value = median(all, of);
      return Number.isNaN(value) ? '–' : `${seconds(value)} s`;
    }),
  ];
  say(`\n${tasks} tasks arrive at a cluster of ${minimum} to ${maximum} workers (medians):\n`);
  say(
    table([
      ['', ...Object.keys(measured)],
      row('work arrives → first new pod', ({ arrives, pods }) => (pods?.first ?? Number.NaN) - arrives),
      row('work arrives → all pods', ({ arrives, pods }) => (pods?.all ?? Number.NaN) - arrives),
      row('work arrives → first task on a new worker', ({ arrives, task }) => task - arrives),
      row('work arrives → all done', ({ arrives, worked }) => worked - arrives),
      row(`all done → ${minimum} workers`, ({ worked, shrunk }) => shrunk - worked),
      [
        'tasks computed again',
        ...Object.values(measured).map((all) => String(all.reduce((sum, each) => sum + each.recomputed, 0))),
      ],
    ]),
  );
}

function median(all: readonly Scaled[], of: (scaled: Scaled) => number): number {
  return summarise(all.map((each) => of(each) / 1000)).median;
}
