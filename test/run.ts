// All tests: `npm test`. Every line but the last is for people; the last one is `N passed, N failed`.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { IMAGES, NAMES } from '../images/names.ts';
import { venv } from '../images/venv.ts';
import { add, closingLine, countJunit, countVitest, judge, NONE, type Counts } from './support/counts.ts';

const USAGE = `npm test [-- --unit]

Checks types, lint and format; runs the unit tests, the launcher's tests on both Pythons, and the integration tests on a
real cluster, which is built and started meanwhile (the first time about a quarter of an hour) and removed at the end.

  --unit   only what needs no cluster
  --help   this text`;

const TOP = join(import.meta.dirname, '..');
const CLUSTER = 'test';
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

const began = performance.now();
const say = (text: string) => console.log(`── ${text} (${Math.round((performance.now() - began) / 1000)} s)`);

/** Runs a program in a process group of its own, its output a line at a time behind `prefix`. @returns its exit code, 1 if it had none. */
function run(command: readonly string[], prefix: string, env: NodeJS.ProcessEnv = {}): Promise<number> {
  const [program = '', ...args] = command;
  const { promise, resolve } = Promise.withResolvers<number>();
  const child = spawn(program, args, {
    cwd: TOP,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const kill = () =>
    child.pid !== undefined && child.exitCode === null && process.kill(-child.pid, 'SIGTERM');
  interrupted.signal.addEventListener('abort', kill, { once: true });
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => console.log(`${prefix}${line}`));
  child.on('error', (error) => {
    console.error(`${prefix}cannot run ${program}: ${error.message}`);
    resolve(1);
  });
  child.on('close', (code) => {
    interrupted.signal.removeEventListener('abort', kill);
    resolve(code ?? 1);
  });
  return promise;
}

interface Runner {
  name: string;
  /** Given the path that its report must go to; undefined for what has no report and counts only when it fails. */
  command: (report: string) => readonly string[];
  count?: (report: string) => Counts;
  env?: NodeJS.ProcessEnv;
}

/** Lines of the runner stand behind `prefix`, as long as others run beside it. */
async function runOne(runner: Runner, scratch: string, prefix = ''): Promise<Counts> {
  if (interrupted.signal.aborted) return NONE;
  const { name, command, count, env } = runner;
  say(name);
  const report = join(scratch, `${name.replaceAll(/\W+/g, '-')}.report`);
  const code = await run(command(report), prefix, env);
  const text = await readFile(report, 'utf8').catch(() => undefined);
  const counts =
    count === undefined
      ? { ...NONE, failed: code === 0 ? 0 : 1 }
      : judge(code, text === undefined ? undefined : count(text));
  if (counts.failed > 0) say(`${name}: FAILED`);
  return counts;
}

async function runAll(runners: readonly Runner[], scratch: string): Promise<Counts> {
  let sum = NONE;
  for (const runner of runners) sum = add(sum, await runOne(runner, scratch));
  return sum;
}

/** For runners that wait more than they compute. */
async function runSideBySide(runners: readonly Runner[], scratch: string): Promise<Counts> {
  const all = runners.map((runner) => runOne(runner, scratch, `   ${runner.name} │ `));
  return (await Promise.all(all)).reduce(add, NONE);
}

const tool = (name: string) => join(TOP, 'node_modules/.bin', name);
const vitest = (name: string, args: readonly string[], env?: NodeJS.ProcessEnv): Runner => ({
  name,
  command: (report) => [
    tool('vitest'),
    'run',
    ...args,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ],
  count: countVitest,
  ...(env === undefined ? {} : { env }),
});

const CHECKS: readonly Runner[] = [
  { name: 'types', command: () => [tool('tsc'), '--noEmit'] },
  { name: 'lint', command: () => [tool('oxlint'), '--type-aware', '--deny-warnings'] },
  { name: 'format', command: () => [tool('oxfmt'), '--check'] },
];

async function launcherTests(): Promise<Runner[]> {
  const runners: Runner[] = [];
  for (const name of NAMES) {
    say(`Python environment ${name}`);
    const python = await venv(name);
    runners.push({
      name: `launcher on ${name}`,
      command: (report) => [
        python,
        '-m',
        'pytest',
        '-q',
        '-p',
        'no:cacheprovider',
        `--junitxml=${report}`,
        'src/launcher',
        ...NAMES.filter((other) => other !== name).map((other) => `--ignore=src/launcher/test_${other}.py`),
      ],
      count: countJunit,
    });
  }
  return runners;
}

const cluster = (...args: string[]) =>
  run(
    [process.execPath, 'test/cluster/main.ts', ...args, '--provider', 'local', '--name', CLUSTER],
    '   cluster │ ',
  );

/** What a run that was killed has left, perhaps half removed, is no cluster to test on. */
async function freshCluster(): Promise<number> {
  const gone = await cluster('down', '--wipe');
  return gone === 0 ? cluster('up', '--images', IMAGES.join(',')) : gone;
}

async function main(scratch: string, unitOnly: boolean): Promise<Counts> {
  // Building the cluster takes longest, and waits mostly for one processor: it starts first, beside everything else.
  const ready = unitOnly ? undefined : freshCluster();
  try {
    let sum = await runAll([...CHECKS, vitest('unit tests', [])], scratch);
    sum = add(sum, await runSideBySide(await launcherTests(), scratch));
    if (ready === undefined) return sum;
    say('waiting for the cluster');
    if ((await ready) !== 0) {
      say('cluster: FAILED, so there are no integration tests');
      return add(sum, { ...NONE, failed: 1 });
    }
    const env = { FLOWRUN_TEST_CLUSTER: CLUSTER };
    return add(
      sum,
      await runAll([vitest('integration tests', ['-c', 'vitest.integration.config.ts'], env)], scratch),
    );
  } finally {
    await ready;
    if (ready !== undefined) await cluster('down', '--wipe');
  }
}

const { values } = parseArgs({
  options: { unit: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
});
if (values.help) {
  console.log(USAGE);
} else {
  const scratch = await mkdtemp(join(tmpdir(), 'flowrun-test-'));
  let counts: Counts;
  try {
    counts = await main(scratch, values.unit === true);
  } catch (error) {
    console.error(error);
    counts = { ...NONE, failed: 1 };
  }
  await rm(scratch, { recursive: true, force: true });
  say(interrupted.signal.aborted ? 'interrupted' : 'done');
  console.log(closingLine(counts));
  process.exitCode = counts.failed > 0 || counts.passed === 0 || interrupted.signal.aborted ? 1 : 0;
}
