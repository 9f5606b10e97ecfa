import type { FlowRunSpec } from '../api/spec.ts';
import { count, show } from './kwargs.ts';

/** Names of another executor that people write here, and that Dask's configuration would swallow. */
const MISTAKEN: Readonly<Record<string, string>> = {
  n_workers: 'write `num_workers`',
  workers: 'write `num_workers`',
  threads_per_worker: 'write `num_workers`',
  max_workers: 'write `num_workers`',
  scheduler: 'write `executor.scheduler`',
};

/** What is wrong with `kwargs` of a LocalDaskExecutor, as sentences. Every other key is Dask's to judge. */
export function localKwargsProblems(kwargs: Readonly<Record<string, unknown>>): string[] {
  const mistaken = Object.keys(kwargs)
    .filter((key) => Object.hasOwn(MISTAKEN, key))
    .map((key) => `\`executor.kwargs.${key}\` is not a keyword of LocalDaskExecutor; ${MISTAKEN[key]}.`);
  const { num_workers: workers = null } = kwargs;
  const parser = count(1);
  return workers === null || parser.safeParse(workers).success
    ? mistaken
    : [...mistaken, `\`executor.kwargs.num_workers\` must be ${parser.description}, not ${show(workers)}.`];
}

/** What is wrong with the address of an existing scheduler. Schemes of Dask's plugins pass. */
export function addressProblem(executor: FlowRunSpec['executor']): string | undefined {
  const address = executor?.address;
  if (address === undefined) return undefined;
  const given = `\`executor.address\` ${JSON.stringify(address)}`;
  const example = 'write the address of the scheduler, as in `tcp://host:8786` or `tls://host:8786`';
  const [, scheme = 'tcp', place = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/i.exec(address) ?? [];
  if (/^https?$/i.test(scheme)) return `${given} is that of a web page, such as the dashboard; ${example}.`;
  if (/\s/.test(address) || place === '') return `${given} is no address; ${example}.`;
  return /^(tcp|tls|ws|wss)$/i.test(scheme) && !/:\d{1,5}$/.test(place)
    ? `${given} has no port; ${example}.`
    : undefined;
}
