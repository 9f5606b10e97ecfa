// `npm run test:chart` and `npm run test:kind`: the integration tests with the operator in the cluster, installed from the chart.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { IMAGES } from '../images/names.ts';
import { up } from './cluster/api.ts';
import { kindProvider } from './cluster/kind.ts';
import { localProvider } from './cluster/local-provider.ts';
import { createProgress } from './cluster/progress.ts';

const USAGE = `npm run test:chart | npm run test:kind  [-- options] [files]

The integration tests that share a cluster, with the operator in it: installed from the chart, with no more rights than that gives.
test:chart runs them on the local cluster, test:kind on kind as kind-config.yaml describes it. Without Docker, test:kind brings
its own (Linux, root): Debian's dockerd in namespaces of its own, kind from its Go module, and a node image made of the local
cluster's programs. Everything of the cluster is removed at the end, also after Ctrl-C; what a crash leaves, the next run removes.

  --operator PLACES  cluster: one for all namespaces; namespace: one for each test's own (default: cluster,namespace)
  --keep             leave the cluster as it is; the next run starts on it
  --help             this text
  files              test files; default: all that need no operator as a process of this host (docs/testing.md lists the others)`;

const TOP = join(import.meta.dirname, '..');
const PLACES = ['cluster', 'namespace'] as const;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!interrupted.signal.aborted) console.log('\nStopping …');
    interrupted.abort();
  });
}

/** Runs the tests; their output is this one's. */
async function runTests(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const command = ['run', '-c', 'vitest.integration.config.ts', '--project', 'cluster', ...args];
  const child = spawn(join(TOP, 'node_modules/.bin/vitest'), command, {
    cwd: TOP,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const stop = () => void child.kill('SIGTERM');
  interrupted.signal.addEventListener('abort', stop, { once: true });
  child.once('error', (error) => {
    console.error(`cannot run the tests: ${error.message}`);
    resolve(1);
  });
  child.once('close', (code) => {
    interrupted.signal.removeEventListener('abort', stop);
    resolve(code ?? 1);
  });
  return promise;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      provider: { type: 'string', default: 'local' },
      operator: { type: 'string', default: PLACES.join(',') },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const places = values.operator.split(',').map((text) => oneOf('--operator', PLACES, text));
  const provider = oneOf('--provider', ['local', 'kind'] as const, values.provider);
  const name = `test-${provider === 'kind' ? 'kind' : 'chart'}`;
  const progress = createProgress((line) => console.log(line));
  let failed = 0;
  try {
    await up({ name, provider, controlPlaneOnly: false, images: IMAGES, progress });
    for (const place of places) {
      if (interrupted.signal.aborted) break;
      progress.done(
        `the tests, with the operator for ${place === 'cluster' ? 'all namespaces' : 'one namespace'}`,
      );
      const code = await runTests(positionals, {
        FLOWRUN_TEST_CLUSTER: name,
        FLOWRUN_TEST_PROVIDER: provider,
        FLOWRUN_TEST_OPERATOR: place,
      });
      if (interrupted.signal.aborted) break;
      progress.done(`${place}: ${code === 0 ? 'passed' : 'FAILED'}`);
      if (code !== 0) failed += 1;
    }
  } catch (error) {
    // Ctrl-C reaches whatever was being started, too: that it ended is no news.
    if (!interrupted.signal.aborted) throw error;
  } finally {
    const owner = provider === 'kind' ? kindProvider : localProvider;
    if (!values.keep) await owner.down(name, true, progress);
  }
  return interrupted.signal.aborted ? 130 : failed;
}

function oneOf<T extends string>(what: string, allowed: readonly T[], given: string): T {
  const found = allowed.find((value) => value === given);
  if (found !== undefined) return found;
  throw new Error(`${what} knows ${allowed.join(' and ')}, not ${JSON.stringify(given)}`);
}

try {
  process.exitCode = await main();
} catch (error) {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) console.error(cause.message);
  console.error('More: npm run test:chart -- --help');
  process.exitCode = 1;
}
