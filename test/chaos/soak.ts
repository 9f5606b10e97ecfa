// `npm run soak`: hundreds of runs under one operator, which must hold at the end what it held at the start.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { table } from '../bench/stats.ts';
import { createProgress } from '../cluster/progress.ts';
import { eventually } from '../support/eventually.ts';
import { Inspector } from '../support/inspector.ts';
import type { Kubectl } from '../support/kubectl.ts';
import { startOperator } from '../support/operator.ts';
import { count } from './arguments.ts';
import { wrongEnd } from './judge.ts';
import { MOST_SLOTS, type Plane, openSlot, startPlane } from './plane.ts';
import { ChaosRun } from './run.ts';
import { SCENARIO_NAMES } from './scenario.ts';

const USAGE = `npm run soak [-- options]

Runs FlowRuns of all kinds in a row on a real control plane whose pods are played, under one operator, and prints what the operator
holds before, meanwhile and after: memory, timers, connections and watches. Fails when it holds more after than before.

  --runs N        how many runs (default 500)
  --at-once N     at the same time (default 20)
  --cluster NAME  use this local cluster and leave it; otherwise \`soak\` is made, and removed at the end
  --help          this text`;

/** Before the first look: code is compiled, pools are filled. */
const WARM_UP_EACH = 5;
const LOOKS = 5;
/** The ten seconds for which a write of its own is remembered, and what a connection may idle, are over by then. */
const QUIET_MS = 20_000;
const RUN_SECONDS = 180;
const MOST_HEAP = 1.1;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    console.log('\nStopping …');
    interrupted.abort(new Error('interrupted'));
  });

interface Look {
  runs: number;
  heapBytes: number;
  rssBytes: number;
  connections: number;
  timers: number;
  others: number;
  watches: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '500' },
      'at-once': { type: 'string', default: '20' },
      cluster: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return console.log(USAGE);
  const runs = count('runs', values.runs, LOOKS);
  const lanes = count('at-once', values['at-once'], 1, MOST_SLOTS);

  await using stack = new AsyncDisposableStack();
  const say = (line: string) => console.log(line);
  const { cluster: name = 'soak' } = values;
  const stays = values.cluster !== undefined;
  const plane = await startPlane({ name, stays, progress: createProgress(say) }, stack);
  const slots = await Promise.all(Array.from({ length: lanes }, (_, index) => openSlot(plane, index, stack)));
  const operator = await startOperator({
    kubeconfig: plane.kubeconfig,
    arguments: ['--seed-namespace', plane.namespace, '--sample-seconds', '1'],
    nodeArguments: ['--inspect=127.0.0.1:0'],
  });
  stack.defer(async () => void (await operator.stop()));
  const inspector = stack.use(await Inspector.open(operator.log()));
  const look = async (done: number): Promise<Look> => {
    await eventually('no FlowRun is left', () => plane.runs.store.list().length === 0, 60);
    await sleep(QUIET_MS, undefined, { signal: interrupted.signal });
    const { heapBytes, rssBytes, resources } = await inspector.held();
    const of = (kind: string) => resources.filter((each) => each === kind).length;
    const [connections, timers] = [of('TCPSocketWrap'), of('Timeout')];
    const others = resources.length - connections - timers;
    const watches = await watchesOf(plane.kubectl);
    return { runs: done, heapBytes, rssBytes, connections, timers, others, watches };
  };

  let next = 0;
  const until = async (limit: number) => {
    const lane = async (slot: (typeof slots)[number]) => {
      while (next < limit) {
        interrupted.signal.throwIfAborted();
        next += 1;
        await carryOut(plane, slot, next);
      }
    };
    await Promise.all(slots.map(lane));
  };
  const warmUp = WARM_UP_EACH * SCENARIO_NAMES.length;
  say(`${warmUp} runs to warm up`);
  await until(warmUp);
  const looks = [await look(0)];
  const began = performance.now();
  for (let part = 1; part <= LOOKS; part += 1) {
    const done = Math.round((runs * part) / LOOKS);
    await until(warmUp + done);
    say(`${done} of ${runs} runs ended as they should (${Math.round((performance.now() - began) / 1000)} s)`);
    looks.push(await look(done));
  }
  report(say, looks);
}

/** Throws unless the run ends as it should. */
async function carryOut(plane: Plane, slot: ChaosRun['slot'], index: number): Promise<void> {
  const scenario = SCENARIO_NAMES[index % SCENARIO_NAMES.length] ?? 'alone';
  await using run = new ChaosRun(plane, slot, { index, scenario, bound: index % 2 === 0 });
  await run.prepare();
  await run.create();
  const over = eventually(`run ${index} (${scenario}) is over`, () => run.over, RUN_SECONDS);
  await Promise.all([over, run.play(interrupted.signal)]);
  const wrong = run.failure ?? wrongEnd(run, false);
  if (wrong !== undefined) throw new Error(`run ${index} (${scenario}): ${wrong}`);
}

/** That the API server serves, to anybody. */
async function watchesOf(kubectl: Kubectl): Promise<number> {
  const { code, stdout, stderr } = await kubectl(['get', '--raw', '/metrics']);
  if (code !== 0) throw new Error(`the API server's metrics: ${stderr}`);
  const lines = stdout.matchAll(/^apiserver_longrunning_requests\{.*verb="WATCH".*\} (\d+)$/gm);
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
}

function report(say: (line: string) => void, looks: readonly Look[]): void {
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  say(
    `\n${table([
      ['after runs', 'heap, MiB', 'RSS, MiB', 'connections', 'timers', 'other handles', 'watches served'],
      ...looks.map(({ runs, heapBytes, rssBytes, ...rest }) => [
        String(runs),
        mebibytes(heapBytes),
        mebibytes(rssBytes),
        ...[rest.connections, rest.timers, rest.others, rest.watches].map(String),
      ]),
    ])}`,
  );
  const [first] = looks;
  const last = looks.at(-1);
  if (first === undefined || last === undefined) return;
  const held = (['connections', 'timers', 'others', 'watches'] as const).filter(
    (key) => last[key] > first[key],
  );
  const more = [...held, ...(last.heapBytes > MOST_HEAP * first.heapBytes ? ['heap'] : [])];
  if (more.length > 0) throw new Error(`more after than before: ${more.join(', ')}`);
}

try {
  await main();
} catch (error) {
  if (!interrupted.signal.aborted)
    console.error(`\nsoak: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
}
