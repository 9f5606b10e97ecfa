import type { Demand } from './load.ts';
import type { GroupPlan } from './observed.ts';

/** `GPU=1 and TPU=2`; the empty text for plain tasks. */
export function needsOf({ resources }: Pick<Demand, 'resources'>): string {
  return Object.entries(resources)
    .map(([name, amount]) => `${name}=${amount}`)
    .join(' and ');
}

const inAnyCase = (name: string) => name.toLowerCase();

/** Says which waiting tasks no kind of worker of this cluster can ever run, and what is missing; undefined when there are none. */
export function unsatisfiable(demand: readonly Demand[], groups: readonly GroupPlan[]): string | undefined {
  // A group that may never have a worker offers nothing.
  const offers = groups.filter(({ maximum }) => maximum > 0).map(({ resources }) => resources);
  const sentences = demand
    .filter(
      ({ tasks, resources }) =>
        tasks > 0 &&
        !offers.some((offer) =>
          Object.entries(resources).every(([name, amount]) => (offer[name] ?? 0) >= amount),
        ),
    )
    .map(
      ({ tasks, resources }) =>
        `${tasks === 1 ? '1 task needs' : `${tasks} tasks need`} ${needsOf({ resources })}: ${missing(resources, offers)}`,
    );
  return sentences.length === 0 ? undefined : sentences.slice(0, 5).join(' ');
}

function missing(
  resources: Demand['resources'],
  offers: readonly Readonly<Record<string, number>>[],
): string {
  const declared = [...new Set(offers.flatMap((offer) => Object.keys(offer)))];
  for (const [name, amount] of Object.entries(resources)) {
    const most = Math.max(0, ...offers.map((offer) => offer[name] ?? 0));
    if (most >= amount) continue;
    if (most > 0) return `no worker has more ${name} than ${most}.`;
    const meant = declared.find((other) => inAnyCase(other) === inAnyCase(name));
    if (meant !== undefined) return `no worker declares ${name}; did you mean ${meant}?`;
    return declared.length > 0
      ? `no worker declares ${name}, only ${declared.join(', ')}.`
      : `no worker declares any resource; write \`worker_resources\` into \`clusterKwargs\` or one of its \`worker_groups\`.`;
  }
  return 'no kind of worker has all of these together.';
}
