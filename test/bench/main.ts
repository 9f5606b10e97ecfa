// `npm run bench`: measures beside a peer or a limit, in the same run and on the same machine.
import { parseArgs } from 'node:util';
import { type Context, createContext, OWN_CLUSTER } from './context.ts';
import { monitors } from './monitors.ts';
import { run } from './run.ts';
import { scaling } from './scaling.ts';
import { throughput } from './throughput.ts';
import { tls } from './tls.ts';

/** In the order in which they run when several are asked for. */
const BENCHMARKS: Record<string, { what: string; measure: (context: Context) => Promise<void> }> = {
  run: { what: 'one flow from apply to nothing, beside pods made by hand and dask-kubernetes', measure: run },
  scaling: {
    what: "adaptive clusters that grow and shrink, beside dask-kubernetes and Dask's own Adaptive (half an hour)",
    measure: scaling,
  },
  throughput: {
    what: 'tasks a second with and without the scheduler preload; one answer with a long queue',
    measure: throughput,
  },
  tls: { what: 'what encryption costs a run: with TLS and with `security: none`, in turns', measure: tls },
  monitors: { what: 'what following 5 000 schedulers costs the operator', measure: monitors },
};

const USAGE = `npm run bench [-- NAME …] [options]

Measures on a real cluster and prints each figure beside a peer or a limit. Needs what the local cluster needs (Linux, root). Leave the
machine alone meanwhile: it has to itself what is measured.

${Object.entries(BENCHMARKS)
  .map(([name, { what }]) => `  ${name.padEnd(12)} ${what}`)
  .join('\n')}

  --repetitions N   measurements of each kind (default 5)
  --cluster NAME    use this local cluster and leave it; otherwise \`${OWN_CLUSTER}\` is made for it, and removed at the end
  --help            this text`;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    console.log('\nStopping …');
    interrupted.abort(new Error('interrupted'));
  });
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      repetitions: { type: 'string', default: '5' },
      cluster: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return console.log(USAGE);
  const repetitions = Number(values.repetitions);
  if (!Number.isInteger(repetitions) || repetitions < 1)
    throw new Error(`--repetitions takes a whole number, not ${values.repetitions}`);
  const unknown = positionals.find((name) => BENCHMARKS[name] === undefined);
  if (unknown !== undefined)
    throw new Error(`there is no benchmark ${unknown}; choose from ${Object.keys(BENCHMARKS).join(', ')}`);
  const chosen = positionals.length === 0 ? ['run'] : positionals;
  await using stack = new AsyncDisposableStack();
  const context = createContext({ repetitions, cluster: values.cluster, signal: interrupted.signal }, stack);
  for (const [name, { measure }] of Object.entries(BENCHMARKS)) {
    if (!chosen.includes(name)) continue;
    console.log(`\n── ${name}`);
    await measure(context);
  }
}

try {
  await main();
} catch (error) {
  if (!interrupted.signal.aborted)
    console.error(`\nbench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
}
