import type { ResolvedAdapt } from './resolved.ts';

/** What the keyword arguments of a group say about its number of workers. */
export interface WantedSize {
  name: string;
  workers: number | undefined;
  minimum: number | undefined;
  maximum: number | undefined;
}

export interface GroupSize {
  /** To begin with. */
  workers: number;
  minimum: number;
  maximum: number;
}

/**
 * First size and bounds of each group, in order; the first group is `default`. A cluster of fixed size has what is
 * asked for, cut at the end to `workersPerRun`. An adaptive one begins with what is asked for within its bounds, the
 * default group filling up to `adapt.minimum`, and never with nothing: `scatter` and `run` wait for a first worker.
 */
export function groupSizes(
  wanted: readonly WantedSize[],
  adapt: ResolvedAdapt | undefined,
  workersPerRun: number,
): GroupSize[] {
  if (adapt === undefined) {
    let left = workersPerRun;
    return wanted.map(({ workers: asked = 1 }) => {
      const workers = Math.min(asked, left);
      left -= workers;
      return { workers, minimum: workers, maximum: workers };
    });
  }
  const sizes = wanted.map(({ workers = 0, ...group }) => {
    const maximum = Math.min(group.maximum ?? adapt.maximum, adapt.maximum);
    const minimum = Math.min(group.minimum ?? 0, maximum);
    return { workers: Math.min(Math.max(workers, minimum), maximum), minimum, maximum };
  });
  const total = () => sizes.reduce((sum, { workers }) => sum + workers, 0);
  for (const size of sizes) {
    const short = Math.max(adapt.minimum, 1) - total();
    size.workers = Math.min(size.workers + Math.max(0, short), size.maximum);
  }
  for (const size of sizes.toReversed()) {
    const over = Math.max(0, total() - adapt.maximum);
    size.workers = Math.max(size.workers - over, size.minimum);
  }
  return sizes;
}

/** Bounds of groups that contradict each other or those of the whole; sentences. `field` is where the groups stand. */
export function sizeProblems(
  field: string,
  wanted: readonly WantedSize[],
  adapt: ResolvedAdapt | undefined,
): string[] {
  const crossed = wanted
    .filter(({ minimum = 0, maximum = Infinity }) => minimum > maximum)
    .map(({ name }) => `\`${field}.${name}.minimum\` must not be greater than \`${field}.${name}.maximum\`.`);
  if (adapt === undefined || crossed.length > 0) return crossed;
  const least = wanted.reduce((sum, { minimum = 0 }) => sum + minimum, 0);
  return least <= adapt.maximum
    ? []
    : [
        `\`${field}\` ask for at least ${least} workers together, but \`adaptKwargs.maximum\` allows ${adapt.maximum}.`,
      ];
}
