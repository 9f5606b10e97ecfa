import { type Bar, barRow, times } from './bars.ts';
import { byHand } from './by-hand.ts';
import type { Context } from './context.ts';
import { daskJobs } from './dask-job.ts';
import { FLOWS, flowRuns } from './flow-run.ts';
import type { Marks, Subject } from './marks.ts';
import { serverStarts } from './prefect-server.ts';
import { spread, summarise, table } from './stats.ts';

/** Rows of the table: from when to when, in seconds. */
const ROWS: readonly { name: string; from: keyof Marks; to: keyof Marks }[] = [
  { name: 'all pods created', from: 'applied', to: 'pods' },
  { name: 'scheduler answers', from: 'applied', to: 'scheduler' },
  { name: 'first task executes', from: 'applied', to: 'task' },
  { name: 'flow done', from: 'applied', to: 'done' },
  { name: 'result in the API', from: 'applied', to: 'result' },
  { name: 'only the flow pod left', from: 'applied', to: 'gone' },
  { name: 'flow done → result', from: 'done', to: 'result' },
];

function taken(marks: readonly Marks[], name: string): number[] {
  const row = ROWS.find((each) => each.name === name);
  if (row === undefined) throw new TypeError(`no row ${name}`);
  return marks.map((each) => (each[row.to] - each[row.from]) / 1000);
}

/** One flow with its cluster, from apply to nothing: FlowRun, the same pods by hand, and dask-kubernetes. */
export async function run(context: Context): Promise<void> {
  const { say, repetitions } = context;
  const hand = await measure(context, await byHand(context, false));
  const mounted = await measure(context, await byHand(context, true));
  const ours = await measure(context, await flowRuns(context, FLOWS.plain, 'none'));
  const peers = await measure(context, await daskJobs(context));
  say('Prefect 3: its server alone, then flows');
  const server = await serverStarts(context);
  const prefect = await measure(context, await flowRuns(context, FLOWS.prefect, 'none'));

  const columns = {
    FlowRun: ours,
    'by hand': hand,
    'by hand, files': mounted,
    'dask-kubernetes': peers,
    'FlowRun, Prefect 3': prefect,
  };
  say(
    `\nOne flow on a scheduler and 2 workers, distributed 2026.8.0, ${repetitions} runs each.` +
      '\nSeconds since apply (least, median, most):\n',
  );
  say(
    table([
      ['', ...Object.keys(columns)],
      ...ROWS.map(({ name }) => [name, ...Object.values(columns).map((marks) => spread(taken(marks, name)))]),
      ["Prefect's server alone", '', '', '', '', spread(server)],
    ]),
  );
  say('\nBars, by medians:\n');
  say(table(barsOf({ ours, hand, mounted, peers, prefect }, server).map(barRow)));
}

/** One run to warm up, then as many as asked for. */
async function measure(context: Context, subject: Subject): Promise<Marks[]> {
  await using _ = subject;
  const marks: Marks[] = [];
  for (let number = 0; number <= context.repetitions; number += 1) {
    context.signal.throwIfAborted();
    const one = await subject.once();
    context.say(
      `${subject.name} ${number === 0 ? 'warm-up' : `${number}/${context.repetitions}`}: ` +
        `first task ${((one.task - one.applied) / 1000).toFixed(2)} s, gone ${((one.gone - one.applied) / 1000).toFixed(2)} s`,
    );
    if (number > 0) marks.push(one);
  }
  return marks;
}

type Measured = Record<'ours' | 'hand' | 'mounted' | 'peers' | 'prefect', Marks[]>;

function barsOf({ ours, hand, mounted, peers, prefect }: Measured, server: number[]): Bar[] {
  const median = (marks: readonly Marks[], name: string) => summarise(taken(marks, name)).median;
  const task = (marks: readonly Marks[]) => median(marks, 'first task executes');
  const serverAndHand = summarise(server).median + task(hand);
  return [
    times('first task executes', task(ours), 1.15, task(hand), 'by hand'),
    times('first task executes', task(ours), 1.15, task(mounted), 'by hand, files'),
    times('first task executes', task(ours), 0.6, task(peers), 'dask-kubernetes'),
    {
      what: 'flow done → result',
      value: median(ours, 'flow done → result'),
      limit: 0.5,
      from: `by hand ${median(hand, 'flow done → result').toFixed(2)} s`,
    },
    times(
      'only the flow pod left',
      median(ours, 'only the flow pod left'),
      0.5,
      median(peers, 'only the flow pod left'),
      'dask-kubernetes',
    ),
    times('first task of a Prefect 3 flow', task(prefect), 1.2, serverAndHand, 'server + by hand'),
  ];
}
