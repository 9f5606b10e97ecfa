const DURATION = /^((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?) *([a-z]*)$/;

const UNITS: readonly [names: string[], seconds: number][] = [
  [['', 's', 'second', 'seconds'], 1],
  [['ms', 'millisecond', 'milliseconds'], 1e-3],
  [['us', 'microsecond', 'microseconds'], 1e-6],
  [['ns', 'nanosecond', 'nanoseconds'], 1e-9],
  [['m', 'minute', 'minutes'], 60],
  [['h', 'hour', 'hours'], 3600],
  [['d', 'day', 'days'], 86_400],
  [['w', 'week', 'weeks'], 604_800],
];
const SECONDS = new Map(UNITS.flatMap(([names, seconds]) => names.map((name) => [name, seconds] as const)));

/** A duration as Dask writes it (5, `"5s"`, `"500ms"`, `"2 minutes"`) in seconds; undefined when it is none. */
export function parseDuration(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  const match = DURATION.exec(value.trim().toLowerCase());
  const factor = SECONDS.get(match?.[2] ?? '?');
  return match === null || factor === undefined ? undefined : Number(match[1]) * factor;
}
