import { buildOperatorImage } from '../../images/operator/image.ts';
import { CHART, type Helm } from './helm.ts';
import type { Kubectl } from './kubectl.ts';

/** Labels of the operator's pods. */
export const OPERATOR_PODS = 'app.kubernetes.io/name=flowrun-operator';

const LOG_LINES = 20;

/**
 * Installs the chart with the present build of the operator's image, which the nodes must have, and returns once the operator is ready.
 * @throws Error with Helm's words and, when the operator does not become ready, why: its pods, what the cluster warns of, and the end of
 * its log. The release stays as it is.
 */
export async function installChart(
  helm: Helm,
  kubectl: Kubectl,
  release: {
    readonly name: string;
    readonly namespace: string;
    readonly values?: readonly string[];
    /** Make objects the release's that are there already and no release's. */
    readonly takeOwnership?: boolean;
  },
): Promise<void> {
  const { name, namespace, values = [], takeOwnership = false } = release;
  const [repository, tag] = (await buildOperatorImage(() => undefined)).reference.split(':');
  const set = [`image.repository=${repository}`, `image.tag=${tag}`, ...values].join(',');
  const options = ['--namespace', namespace, '--wait', '--timeout', '120s', '--set', set];
  if (takeOwnership) options.push('--take-ownership');
  await helm.run('install', name, CHART, ...options).catch(async (error: unknown) => {
    const words = error instanceof Error ? error.message : String(error);
    throw new Error(`${words.trim()}\n${await whyNotReady(kubectl, namespace)}`, { cause: error });
  });
}

async function whyNotReady(kubectl: Kubectl, namespace: string): Promise<string> {
  const show = async (headline: string, ...args: string[]) => {
    const { stdout, stderr } = await kubectl(['--namespace', namespace, ...args]);
    return `\n${headline}\n${(stdout || stderr).trim() || '(nothing)'}`;
  };
  const columns = 'custom-columns=OBJECT:involvedObject.name,REASON:reason,MESSAGE:message';
  const warnings = ['--field-selector=type=Warning', '--sort-by=.lastTimestamp', '-o', columns];
  return [
    await show('Its pods:', 'get', 'pods', '-l', OPERATOR_PODS),
    await show('What the cluster warns of:', 'get', 'events', ...warnings),
    await show('The end of its log:', 'logs', '-l', OPERATOR_PODS, `--tail=${LOG_LINES}`),
  ].join('\n');
}
