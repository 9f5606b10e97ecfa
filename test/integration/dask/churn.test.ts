import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { counting } from './counting.ts';
import { Followed } from './followed.ts';
import { Scheduler } from './processes.ts';
import { ENDS, pythonOf } from './pythons.ts';
import { tracebackIn } from './traceback.ts';

/** Trees of tasks that need each other's results, some as big as matters; every task counts its runs by its own number. */
const TREES = `
def leaf(n):
    work("leaf-%d" % n, 0.05)
    return b"x" * (1 + n % 7 * 20000)
def both(name, a, b):
    work(name, 0.01)
    return a + b
level = client.map(leaf, range(256), pure=False)
total, depth = 256, 0
while len(level) > 1:
    depth += 1
    names = ["both-%d-%d" % (depth, n) for n in range(len(level) // 2)]
    total += len(names)
    level = [client.submit(both, name, a, b, pure=False) for name, a, b in zip(names, level[::2], level[1::2])]
expected = sum(1 + n % 7 * 20000 for n in range(256))
`;

/** Who shall leave, one after the other; \`w-5\` always stays. */
const ORDERS = [
  ['w-0'],
  [],
  ['w-1', 'w-2'],
  ['w-2', 'w-3'],
  ['w-0', 'w-4'],
  ['w-4'],
  [],
  ['w-0', 'w-1', 'w-2', 'w-3'],
];

describe.each(ENDS)('whatever is ordered while tasks run, %s', (end) => {
  let python: string;
  beforeAll(async () => {
    python = await pythonOf(end);
  });

  it('each task runs once, and the result is right', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using stack = new AsyncDisposableStack();
    const names = Array.from({ length: 6 }, (_, ordinal) => `w-${ordinal}`);
    const workers = names.map((name) =>
      stack.use(scheduler.worker(python, name, { args: ['--nthreads', '2'] })),
    );
    await followed.works(...names);
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    await client.run(TREES);
    for (let turn = 0; (await client.run('', 'level[0].status')) === 'pending'; turn++) {
      followed.drain(ORDERS[turn % ORDERS.length] ?? []);
      // As long as it takes in each turn; some orders are carried out by then and some are not.
      await sleep(100 + (turn % 5) * 100);
    }
    followed.drain(names.slice(0, -1));
    const gone = workers.slice(0, -1).map(({ ended }) => ended);
    expect(await Promise.all(gone)).toEqual([0, 0, 0, 0, 0]);
    expect(await client.run('', 'len(level[0].result()) == expected')).toBe(true);
    expect(await client.run('', 'runs() == [total, total] or [runs(), total]')).toBe(true);
    expect(tracebackIn(scheduler.output)).toEqual([]);
  });
});
