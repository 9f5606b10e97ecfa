import { count, duration, parsed, readKwargs, size } from './kwargs.ts';

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
} as const;

/** Keyword arguments of `cluster.adapt()`: durations in seconds, memory in bytes. `problems` are sentences. */
export function readAdaptKwargs(given: Readonly<Record<string, unknown>>) {
  const { values, problems } = readKwargs('adaptKwargs', given, ADAPT_KWARGS);
  const pairs = [
    ['minimum', 'maximum'],
    ['minimum_cores', 'maximum_cores'],
    ['minimum_memory', 'maximum_memory'],
  ] as const;
  const crossed = pairs
    .filter(([low, high]) => (values[low] ?? 0) > (values[high] ?? Infinity))
    .map(([low, high]) => `\`adaptKwargs.${low}\` must not be greater than \`adaptKwargs.${high}\`.`);
  return { values, problems: [...problems, ...crossed] };
}
