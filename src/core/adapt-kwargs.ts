import { count, duration, flag, parsed, readKwargs, size } from './kwargs.ts';
import type { Warning } from './reasons/conditions.ts';
import type { ResolvedAdapt } from './resolved.ts';

const cores = () =>
  parsed(
    (value) => (typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined),
    'a number of threads',
  );

const ADAPT_KWARGS = {
  minimum: count(0),
  maximum: count(1),
  interval: duration(),
  wait_count: count(1),
  target_duration: duration(),
  minimum_cores: cores(),
  maximum_cores: cores(),
  minimum_memory: size(),
  maximum_memory: size(),
  dry_run: flag(),
} as const;

/** Those of Dask's own `Adaptive`. */
const DEFAULTS = { interval: 1, waitCount: 3, targetSeconds: 5 };

/** A look costs the scheduler a millisecond or more. */
const LEAST_INTERVAL = 0.2;

export interface AdaptResolution {
  /** Undefined when nothing is given: a cluster of fixed size. */
  adapt: ResolvedAdapt | undefined;
  warnings: Warning[];
  /** Sentences. */
  problems: string[];
}

/** Keyword arguments of `cluster.adapt()`, with their defaults and within what the operator's configuration allows. */
export function resolveAdapt(
  given: Readonly<Record<string, unknown>>,
  workersPerRun: number,
): AdaptResolution {
  if (Object.keys(given).length === 0) return { adapt: undefined, warnings: [], problems: [] };
  const { values, problems } = readKwargs('adaptKwargs', given, ADAPT_KWARGS);
  const pairs = [
    ['minimum', 'maximum'],
    ['minimum_cores', 'maximum_cores'],
    ['minimum_memory', 'maximum_memory'],
  ] as const;
  const crossed = pairs
    .filter(([low, high]) => (values[low] ?? 0) > (values[high] ?? Infinity))
    .map(([low, high]) => `\`adaptKwargs.${low}\` must not be greater than \`adaptKwargs.${high}\`.`);
  const bound = Math.max(values.minimum ?? 0, values.maximum ?? 0);
  const maximum = Math.min(values.maximum ?? workersPerRun, workersPerRun);
  return {
    problems: [...problems, ...crossed],
    warnings:
      bound <= workersPerRun
        ? []
        : [
            {
              reason: 'WorkersCapped',
              message: `\`adaptKwargs\` ask for up to ${bound} workers, but the operator's configuration allows ${workersPerRun} workers per run (\`workersPerRun\`); the cluster gets no more.`,
            },
          ],
    adapt: {
      minimum: Math.min(values.minimum ?? 0, maximum),
      maximum,
      minimumCores: values.minimum_cores ?? 0,
      maximumCores: values.maximum_cores,
      minimumMemoryBytes: values.minimum_memory ?? 0,
      maximumMemoryBytes: values.maximum_memory,
      intervalSeconds: Math.max(values.interval ?? DEFAULTS.interval, LEAST_INTERVAL),
      waitCount: values.wait_count ?? DEFAULTS.waitCount,
      targetSeconds: values.target_duration ?? DEFAULTS.targetSeconds,
      dryRun: values.dry_run ?? false,
    },
  };
}
