import { beforeAll, describe, expect, it } from 'vitest';
import { Followed } from './followed.ts';
import { eventually, Scheduler } from './processes.ts';
import { ENDS, pythonOf } from './pythons.ts';

/** 16 slow parts of 50 rows each, shuffled by `k` in the P2P manner; the keyword was renamed in between. */
const SHUFFLE = `
import inspect, time
import pandas as pd
import dask.dataframe as dd
def part(i):
    time.sleep(0.6)
    return pd.DataFrame({"k": [(i * 50 + n) % 37 for n in range(50)], "v": 1})
meta = pd.DataFrame({"k": pd.Series(dtype="int64"), "v": pd.Series(dtype="int64")})
parts = dd.from_map(part, range(16), meta=meta)
word = "shuffle_method" if "shuffle_method" in inspect.signature(parts.shuffle).parameters else "shuffle"
rows = parts.shuffle("k", **{word: "p2p"}).map_partitions(len, meta=("n", "int64"))
f = client.compute(rows)
`;

describe.each(ENDS)('a P2P shuffle, %s', (end) => {
  let python: string;
  beforeAll(async () => {
    python = await pythonOf(end);
  });

  it('keeps the workers that take part, and nobody longer than it lasts', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using first = scheduler.worker(python, 'w-0');
    await using _second = scheduler.worker(python, 'w-1');
    await followed.works('w-0', 'w-1');
    await using client = await scheduler.client(python);
    await client.run(SHUFFLE);
    await eventually(() => followed.worker('w-0')?.pinned, 60);
    followed.drain(['w-0']);
    await followed.reaches('w-0', 'failed');
    expect(followed.worker('w-0')?.drain_cause).toMatch(/P2P shuffle|bound to it/);
    expect(await client.run('', 'int(f.result().sum())')).toBe(800);
    followed.drain([]);
    await client.run('del f, rows, parts');
    await eventually(
      () => followed.worker('w-0')?.pinned === false && followed.worker('w-0')?.drain === null,
    );
    followed.drain(['w-0']);
    expect(await first.ended).toBe(0);
  });

  it('that begins while a worker leaves has it back, or does without it', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using _first = scheduler.worker(python, 'w-0');
    await using _second = scheduler.worker(python, 'w-1');
    await followed.works('w-0', 'w-1');
    await using client = await scheduler.client(python);
    await client.run(
      'import time\ng = client.submit(time.sleep, 8, workers=["w-0"], allow_other_workers=True, pure=False)',
    );
    await eventually(() => followed.worker('w-0')?.processing === 1);
    followed.drain(['w-0']);
    await followed.reaches('w-0', 'executing');
    await client.run(SHUFFLE);
    expect(await client.run('', 'int(f.result().sum())')).toBe(800);
  });
});
