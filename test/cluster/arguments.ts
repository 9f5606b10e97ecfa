import { parseArgs } from 'node:util';
import { checkName } from './plan.ts';

const ACTIONS = ['up', 'down', 'status', 'images', 'env'] as const;
const PROVIDERS = ['local', 'kind', 'kubeconfig'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** A parsed command line. */
export interface Command {
  readonly action: (typeof ACTIONS)[number];
  readonly name: string;
  /** Undefined: kind where Docker and kind are present, else local. */
  readonly provider: ProviderName | undefined;
  readonly controlPlaneOnly: boolean;
  readonly controllerManager: boolean;
  readonly scheduler: boolean;
  readonly audit: boolean;
  readonly wipe: boolean;
  /** Names of images to build and load. */
  readonly images: readonly string[];
}

export const HELP = `Usage: npm run cluster -- <action> [options]

A real Kubernetes to develop and test on.

Actions
  up       start the cluster; quick when it already runs
  down     stop it; its objects and images are kept for the next up, unless --wipe
  status   show the clusters and their processes
  images   build the images and load them into the running cluster
  env      print the shell lines that point kubectl and helm at the cluster: eval "$(npm run --silent cluster -- env)"

Options
  --name NAME             which cluster (default: flowrun); several can run side by side
  --provider PROVIDER     local:      processes of this host (Linux; root for a node)
                          kind:       kind, in Docker, as kind-config.yaml says
                          kubeconfig: the cluster of your current kubeconfig; never chosen for you
                          (default: kind where Docker answers and kind is installed, else local)
  --images NAME,NAME      images to build and load with up or images: prefect1, prefect3, operator (images: all);
                          with operator, up builds Helm too where none is installed
  --control-plane-only    local: etcd, API server and controller manager without a node; about 3 s, no root
  --scheduler             local: a scheduler even with --control-plane-only
  --no-controller-manager local: leave out the controller manager (only with --control-plane-only)
  --audit                 local: write who asked for what to log/audit.log
  --wipe                  with down: remove everything that the cluster keeps
  --help                  this text
`;

/** A mistake on the command line; its message says what to write instead. */
export class UsageError extends Error {}

/** Parses the arguments behind the program's name; undefined when help was asked for. Throws UsageError. */
export function parseCommand(argv: readonly string[]): Command | undefined {
  const { values, positionals } = parse(argv);
  if (values.help === true || positionals[0] === 'help') return undefined;
  const action = choose('action', ACTIONS, positionals[0]);
  if (positionals.length > 1) throw new UsageError(`one action at a time, please: ${positionals.join(' ')}`);
  const controlPlaneOnly = values['control-plane-only'] === true;
  const controllerManager = values['no-controller-manager'] !== true;
  if (!controllerManager && !controlPlaneOnly) {
    throw new UsageError(
      'a node needs the controller manager: add --control-plane-only to --no-controller-manager',
    );
  }
  const images = (values.images ?? '').split(',').filter((image) => image !== '');
  if (images.length > 0 && controlPlaneOnly) {
    throw new UsageError('--control-plane-only has no node to load images into: leave out --images');
  }
  if (values.wipe === true && action !== 'down')
    throw new UsageError(`--wipe goes with down, not with ${action}`);
  return {
    action,
    name: name(values.name),
    provider: values.provider === undefined ? undefined : choose('--provider', PROVIDERS, values.provider),
    controlPlaneOnly,
    controllerManager,
    scheduler: !controlPlaneOnly || values.scheduler === true,
    audit: values.audit === true,
    wipe: values.wipe === true,
    images,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        name: { type: 'string', default: 'flowrun' },
        provider: { type: 'string' },
        images: { type: 'string' },
        'control-plane-only': { type: 'boolean' },
        'no-controller-manager': { type: 'boolean' },
        scheduler: { type: 'boolean' },
        audit: { type: 'boolean' },
        wipe: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function choose<T extends string>(what: string, allowed: readonly T[], given: string | undefined): T {
  const found = allowed.find((value) => value === given);
  if (found !== undefined) return found;
  throw new UsageError(
    `${given === undefined ? `no ${what} given` : `unknown ${what} ${JSON.stringify(given)}`}: choose one of ${allowed.join(', ')}`,
  );
}

function name(given: string): string {
  try {
    return checkName(given);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
