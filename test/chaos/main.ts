// `npm run chaos`: a campaign of faults against the operator on a real control plane.
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createProgress } from '../cluster/progress.ts';
import { count, some } from './arguments.ts';
import { campaign } from './campaign.ts';
import { isGood, type Verdict } from './judge.ts';
import { describe, KIND_NAMES, KINDS, plan } from './plan.ts';
import { MOST_SLOTS, startPlane } from './plane.ts';
import { failures, report } from './report.ts';
import { SCENARIO_NAMES } from './scenario.ts';

const USAGE = `npm run chaos [-- options]

Runs FlowRuns on a real control plane whose pods are played, lets one fault happen to each, and prints how they ended. The same seed
makes the same faults.

  --seed N         which campaign (default 1)
  --runs N         how many runs (default 2200)
  --only KIND      only this kind of fault; may be given several times
  --scenario NAME  only this kind of run; may be given several times
  --run N          only this run of the campaign, with all that the operators asked for and said
  --lanes N        runs at once (default 10)
  --cluster NAME   use this local cluster and leave it; otherwise \`chaos\` is made, and removed at the end
  --help           this text

Kinds of runs: ${SCENARIO_NAMES.join(', ')}

Kinds of faults:
${Object.entries(KINDS)
  .map(([kind, what]) => `  ${kind.padEnd(18)} ${what}`)
  .join('\n')}`;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    console.log('\nStopping …');
    interrupted.abort(new Error('interrupted'));
  });

const PROGRESS_MS = 10_000;

function explain({ trial, wrong, orphans, duplicates, lateWrites }: Verdict): string {
  const said = [
    wrong,
    orphans.length > 0 ? `left behind: ${orphans.join(', ')}` : undefined,
    duplicates.length > 0 ? `ran twice: ${duplicates.join(', ')}` : undefined,
    lateWrites.length > 0 ? `written after the end: ${lateWrites.join(', ')}` : undefined,
  ];
  return `run ${trial.index}: ${describe(trial)}\n  ${said.filter((each) => each !== undefined).join('\n  ')}`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      runs: { type: 'string', default: '2200' },
      only: { type: 'string', multiple: true, default: [] },
      scenario: { type: 'string', multiple: true, default: [] },
      run: { type: 'string' },
      lanes: { type: 'string', default: '10' },
      cluster: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return console.log(USAGE);
  const seed = count('seed', values.seed, 0);
  const all = plan(seed, count('runs', values.runs, 1), {
    kinds: some('fault', KIND_NAMES, values.only),
    scenarios: some('kind of run', SCENARIO_NAMES, values.scenario),
  });
  const chosen = values.run === undefined ? undefined : count('run', values.run, 0);
  const trials = chosen === undefined ? all : all.filter(({ index }) => index === chosen);
  if (trials.length === 0) throw new Error(`the campaign has no run ${chosen}`);

  await using stack = new AsyncDisposableStack();
  const say = (line: string) => console.log(line);
  const { cluster: name = 'chaos' } = values;
  const stays = values.cluster !== undefined;
  const plane = await startPlane({ name, stays, progress: createProgress(say) }, stack);
  say(`seed ${seed}: ${trials.length} runs`);
  const began = performance.now();
  const seconds = () => Math.round((performance.now() - began) / 1000);
  let done = 0;
  let bad = 0;
  const ticker = setInterval(
    () => say(`${done} of ${trials.length} runs, ${bad} bad (${seconds()} s)`),
    PROGRESS_MS,
  );
  stack.defer(() => clearInterval(ticker));
  const verdicts = await campaign({
    plane,
    trials,
    lanes: count('lanes', values.lanes, 1, MOST_SLOTS),
    signal: interrupted.signal,
    onVerdict: (verdict) => {
      done += 1;
      if (!isGood(verdict)) {
        bad += 1;
        say(explain(verdict));
      }
      if (chosen !== undefined) say(`${verdict.struck ? '' : 'Over before the fault.\n'}${verdict.log}`);
    },
  });
  say(`\n${report(verdicts)}\n\nseed ${seed}, ${seconds()} s`);
  const failed = failures(verdicts);
  if (failed.length === 0) return;
  const file = join(tmpdir(), `chaos-${seed}.log`);
  await writeFile(file, failed.map((verdict) => `${explain(verdict)}\n${verdict.log}`).join('\n\n'));
  const again = [
    ...values.only.map((kind) => ` --only ${kind}`),
    ...values.scenario.map((name) => ` --scenario ${name}`),
  ].join('');
  say(
    `What the operators did is in ${file}. Again: npm run chaos -- --seed ${seed} --runs ${values.runs}${again} --run ${failed[0]?.trial.index}`,
  );
  process.exitCode = 1;
}

try {
  await main();
  if (interrupted.signal.aborted) process.exitCode = 130;
} catch (error) {
  if (!interrupted.signal.aborted)
    console.error(`\nchaos: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
}
