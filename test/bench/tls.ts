import { z } from 'zod';
import type { Context } from './context.ts';
import { type FlowRuns, flowRuns } from './flow-run.ts';
import { spread, table } from './stats.ts';

const TASKS = 2_000;
const MEGABYTES = 100;

/**
 * Its own first task, many tasks of nothing, and one result that the other worker must fetch. Beside the time that each takes it tells
 * the processor time of flow, scheduler and workers, which is the same on a machine that is busy with other things.
 */
const FLOW = `import os, time
from distributed import get_client, wait

def nothing(x):
    return None

def spent(client):
    pods = [client.run_on_scheduler(time.process_time), *client.run(time.process_time).values()]
    return time.process_time() + sum(pods)

def timed(client, work):
    processor, start = spent(client), time.monotonic()
    work()
    seconds = time.monotonic() - start
    return {"seconds": seconds, "processor": spent(client) - processor}

def main():
    client = get_client()
    task = client.submit(time.time).result()
    client.wait_for_workers(2)
    start = spent(client)
    wait(client.map(nothing, range(${TASKS / 10}), pure=False))
    tasks = timed(client, lambda: wait(client.map(nothing, range(${TASKS}), pure=False)))
    one, other = client.scheduler_info()["workers"]
    data = client.submit(os.urandom, ${MEGABYTES} * 10**6, workers=[one])
    wait(data)
    transfer = timed(client, lambda: client.submit(len, data, workers=[other]).result())
    return {"task": task, "done": time.time(), "start": start, "tasks": tasks, "transfer": transfer}
`;

/** In seconds. */
const timed = z.object({ seconds: z.number(), processor: z.number() });
/** `start`: processor seconds of all pods until the first task was done. */
const measured = z.object({ start: z.number(), tasks: timed, transfer: timed });

type Figures = z.infer<typeof measured> & {
  /** Seconds from apply to the first task. */
  first: number;
  /** Seconds from the last line of the flow to its result in the API. */
  result: number;
};

/** What encryption costs a run: its start, its end, its tasks and its data, with `security: none` and with TLS, in turns. */
export async function tls(context: Context): Promise<void> {
  const { repetitions, say, signal } = context;
  await using plain = await flowRuns(context, FLOW, 'none');
  await using secure = await flowRuns(context, FLOW, 'tls');
  const figures = { none: new Array<Figures>(), tls: new Array<Figures>() };
  const measure = async (which: keyof typeof figures, subject: FlowRuns, warmUp: boolean) => {
    signal.throwIfAborted();
    const one = await figuresOf(subject);
    const { first, tasks, transfer } = one;
    say(
      `${which}${warmUp ? ', warm-up' : ''}: first task ${first.toFixed(2)} s, ${(TASKS / tasks.seconds).toFixed(0)} tasks/s, ${(MEGABYTES / transfer.seconds).toFixed(0)} MB/s`,
    );
    if (!warmUp) figures[which].push(one);
  };
  // In turns and in both orders, so that what else the machine does meets both.
  for (let number = 0; number <= repetitions; number += 1) {
    if (number % 2 === 0) await measure('none', plain, number === 0);
    await measure('tls', secure, number === 0);
    if (number % 2 === 1) await measure('none', plain, false);
  }
  const row = (name: string, of: (one: Figures) => number) => [
    name,
    spread(figures.none.map(of)),
    spread(figures.tls.map(of)),
    spread(figures.tls.map((one, at) => of(one) / of(figures.none[at] ?? one))),
  ];
  say(`\nA scheduler and 2 workers, distributed 2026.8.0: least, median, most of ${repetitions} runs each\n`);
  say(
    table([
      ['', 'security: none', 'TLS', 'TLS ÷ none'],
      row('apply → first task executes, s', ({ first }) => first),
      row('  processor time of its pods, s', ({ start }) => start),
      row('flow done → result in the API, s', ({ result }) => result),
      row('tasks/s that do nothing', ({ tasks }) => TASKS / tasks.seconds),
      row('  processor time of one, ms', ({ tasks }) => (tasks.processor * 1000) / TASKS),
      row('MB/s from worker to worker', ({ transfer }) => MEGABYTES / transfer.seconds),
      row('  processor time of a MB, ms', ({ transfer }) => (transfer.processor * 1000) / MEGABYTES),
    ]),
  );
}

async function figuresOf(subject: FlowRuns): Promise<Figures> {
  const { applied, task, done, result, value } = await subject.once();
  return { first: (task - applied) / 1000, result: (result - done) / 1000, ...measured.parse(value) };
}
