import type { Adapt } from '../../src/core/scaling-input.ts';
import { random } from './events.ts';
import type { Flow } from './flow.ts';
import type { Shape } from './pods.ts';

const GIB = 2 ** 30;

export interface Trace {
  name: string;
  /** What happens, for the docs. */
  story: string;
  adapt: Adapt;
  shapes: readonly Shape[];
  /** Whether the flow holds its results to its end. */
  holds: boolean;
  /** How often the size may change its direction: twice for each burst, less the last. */
  turns: number;
  /** What it costs at most as a multiple of the bar of worker-seconds, which it is known to miss; docs/scaling.md says why. */
  dear?: number;
  run: (flow: Flow) => void;
}

/** Dask's defaults. */
export const DEFAULTS: Adapt = {
  minimum: 0,
  maximum: 10,
  minimumCores: 0,
  maximumCores: Infinity,
  minimumMemoryBytes: 0,
  maximumMemoryBytes: Infinity,
  intervalSeconds: 1,
  waitCount: 3,
  targetSeconds: 5,
  idleTimeoutSeconds: undefined,
};

export const PLAIN: Shape = {
  name: 'default',
  minimum: 0,
  maximum: 10,
  threads: 1,
  memoryBytes: 4 * GIB,
  resources: {},
};

function trace(given: Pick<Trace, 'name' | 'story' | 'run'> & Partial<Trace>): Trace {
  return { adapt: DEFAULTS, shapes: [PLAIN], holds: true, turns: 1, ...given };
}

/** Tasks one by one at random times, at a rate that changes; the flow ends some seconds after the last. */
function arrivals(
  flow: Flow,
  until: number,
  rate: (now: number) => number,
  seconds: number,
  seed: number,
): void {
  const next = random(seed);
  const fastest = Math.max(...Array.from({ length: until }, (_, second) => rate(second)));
  let now = 0;
  for (;;) {
    now += -Math.log(1 - next()) / fastest;
    if (now >= until) break;
    const at = now;
    if (next() < rate(at) / fastest) flow.after(at, () => flow.submit([{ seconds }]));
  }
  flow.end(until + 30);
}

export const TRACES: readonly Trace[] = [
  trace({
    name: 'burst',
    story: '300 tasks of 1 s at once; results are held, and the flow goes on alone for 20 s.',
    run: (flow) => flow.submit([{ seconds: 1, count: 300, bytes: 2 ** 20 }], () => flow.end(20)),
  }),
  trace({
    name: 'two bursts',
    story: '100 tasks of 2 s, 20 s of thought, and the same again.',
    turns: 3,
    run: (flow) =>
      flow.submit([{ seconds: 2, count: 100 }], () =>
        flow.after(20, () => flow.submit([{ seconds: 2, count: 100 }], () => flow.end(15))),
      ),
  }),
  trace({
    name: 'steady at random',
    story:
      'Tasks of 2 s arrive at random, two a second, for three minutes: four workers are busy on average.',
    // Chance makes bursts of its own: one change in ten seconds.
    turns: 18,
    run: (flow) => arrivals(flow, 180, () => 2, 2, 1),
  }),
  trace({
    name: 'steady',
    story: 'A task of 2 s every half second for two minutes: four workers are always busy.',
    run: (flow) => {
      for (let task = 0; task < 240; task++) flow.after(task / 2, () => flow.submit([{ seconds: 2 }]));
      flow.end(135);
    },
  }),
  trace({
    name: 'ramp',
    story: 'Tasks of 1 s arrive at random, from none to eight a second and back within four minutes.',
    turns: 4,
    run: (flow) => arrivals(flow, 240, (now) => 8 * Math.sin((Math.PI * now) / 240), 1, 2),
  }),
  trace({
    name: 'every ten seconds',
    story: 'Twelve times 20 tasks of 1 s, ten seconds apart.',
    turns: 23,
    run: (flow) => {
      for (let burst = 0; burst < 12; burst++)
        flow.after(10 * burst, () => flow.submit([{ seconds: 1, count: 20 }]));
      flow.end(135);
    },
  }),
  trace({
    name: 'every three seconds',
    story:
      'Twenty-four times 20 tasks of 1 s, three seconds apart: each burst comes before patience is over.',
    turns: 1,
    dear: 1.3,
    run: (flow) => {
      for (let burst = 0; burst < 24; burst++)
        flow.after(3 * burst, () => flow.submit([{ seconds: 1, count: 20 }]));
      flow.end(90);
    },
  }),
  trace({
    name: 'long tail',
    story: '1000 tasks of 50 ms and one of 60 s in their midst, all of one kind.',
    run: (flow) =>
      flow.submit([{ seconds: 0.05, count: 500 }, { seconds: 60 }, { seconds: 0.05, count: 500 }], () =>
        flow.end(10),
      ),
  }),
  trace({
    name: 'unknown durations',
    story: '10 tasks of 10 s, no two of one kind, so that nothing is ever learnt.',
    run: (flow) =>
      flow.submit(
        Array.from({ length: 10 }, (_, index) => ({ kind: `task-${index}`, seconds: 10 })),
        () => flow.end(10),
      ),
  }),
  trace({
    name: 'many tiny tasks',
    story: '10 000 tasks of 20 ms at once.',
    run: (flow) => flow.submit([{ seconds: 0.02, count: 10_000 }], () => flow.end(10)),
  }),
  trace({
    name: 'four threads',
    story: '400 tasks of 1 s on workers of four threads, five at most.',
    adapt: { ...DEFAULTS, maximum: 5 },
    shapes: [{ ...PLAIN, threads: 4, maximum: 5 }],
    run: (flow) => flow.submit([{ seconds: 1, count: 400 }], () => flow.end(15)),
  }),
  trace({
    name: 'GPU and plain',
    story:
      '160 plain tasks of 1 s and 40 of 2 s that demand a GPU; up to eight plain workers and four with a GPU.',
    adapt: { ...DEFAULTS, maximum: 12 },
    shapes: [
      { ...PLAIN, maximum: 8 },
      { ...PLAIN, name: 'gpu', maximum: 4, resources: { GPU: 1 } },
    ],
    run: (flow) =>
      flow.submit(
        [
          { seconds: 1, count: 160 },
          { kind: 'train', seconds: 2, count: 40, resources: { GPU: 1 } },
        ],
        () => flow.end(15),
      ),
  }),
  trace({
    name: 'scatter first',
    story: 'The flow scatters its data before it submits 200 tasks of 2 s.',
    run: (flow) => flow.scatter(() => flow.submit([{ seconds: 2, count: 200 }], () => flow.end(15))),
  }),
  trace({
    name: 'scatter after idling',
    story:
      'One task of 55 s whose result is dropped, 30 s of thought, then a scatter and 60 tasks of 2 s after it.',
    holds: false,
    turns: 3,
    run: (flow) =>
      flow.submit([{ kind: 'load', seconds: 55 }], () =>
        flow.after(30, () =>
          flow.scatter(() => flow.submit([{ kind: 'fit', seconds: 2, count: 60 }], () => flow.end(10))),
        ),
      ),
  }),
];
