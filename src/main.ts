import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { KubeConfig } from '@kubernetes/client-node';
import pkg from '../package.json' with { type: 'json' };
import { USAGE, readConfig } from './config.ts';
import { Operator } from './controller/operator.ts';
import { createLogger } from './log.ts';

const read = readConfig(process.argv.slice(2), process.env);
if ('help' in read) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
if ('error' in read) {
  process.stderr.write(`flowrun-operator: ${read.error}\nTry --help.\n`);
  process.exit(2);
}

const { config } = read;
const log = createLogger(config.logLevel);
const kubeConfig = new KubeConfig();
kubeConfig.loadFromDefault();

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log.info({ signal }, 'Stopping; runs go on and are taken up again at the next start');
    stop.abort();
  });
}

const server = kubeConfig.getCurrentCluster()?.server;
log.info(
  { version: pkg.version, server, namespaces: config.namespace.length === 0 ? 'all' : config.namespace },
  'Starting',
);
const instance = `${hostname()}_${randomBytes(4).toString('hex')}`;
const operator = new Operator({ kubeConfig, config, version: pkg.version, instance, log });
try {
  if ((await operator.run(stop.signal)) === 'lost') {
    log.error('The lease was lost; this process ends, so that it is started anew');
    process.exitCode = 1;
  } else log.info('Stopped');
} catch (error) {
  log.fatal({ err: error }, 'The operator cannot work');
  process.exitCode = 1;
}
