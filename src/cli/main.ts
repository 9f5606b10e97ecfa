#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import { explainRun } from './explain-run.ts';
import { watchRun } from './watch.ts';

const USAGE = `flowrun: see what a FlowRun is doing

  flowrun watch NAME     shows the run until it is over: where it stands, its workers, its tasks, the latest events, and its result;
                         one line per change when the output is no terminal
  flowrun explain NAME   says why the run is where it is, what it waits for, and what happens next

Uses the cluster of KUBECONFIG or ~/.kube/config, like kubectl.

  -n, --namespace   default: that of the context, else "default"
      --context     context of the kubeconfig, default: the current one
  -h, --help        this text

Exit code of watch: 0 the run succeeded, 1 it failed or was deleted, 2 usage, no such run or no access, 130 cancelled or interrupted. Of explain: 0, or 2.`;

const COMMANDS = { watch: watchRun, explain: explainRun };

async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      namespace: { type: 'string', short: 'n' },
      context: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [command, name, ...rest] = positionals;
  if (!isCommand(command) || name === undefined || rest.length > 0)
    throw new Error('say `flowrun watch NAME` or `flowrun explain NAME`; `flowrun --help` tells more');

  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  if (values.context !== undefined) kubeConfig.setCurrentContext(values.context);
  const namespace =
    values.namespace ?? kubeConfig.getContextObject(kubeConfig.getCurrentContext())?.namespace ?? 'default';

  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  const asked = { kubeConfig, namespace, name, output: process.stdout };
  return COMMANDS[command](asked, interrupted.signal);
}

function isCommand(text: string | undefined): text is keyof typeof COMMANDS {
  return text !== undefined && Object.hasOwn(COMMANDS, text);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`flowrun: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
