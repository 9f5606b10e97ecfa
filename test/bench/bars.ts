import { seconds } from './stats.ts';

/** A figure that a benchmark must reach, as `docs` state it. */
export interface Bar {
  what: string;
  /** Measured, in seconds. */
  value: number;
  /** At most so many seconds. */
  limit: number;
  /** Where the limit comes from: `1.15 × 1.87 s by hand`. */
  from: string;
}

/** Cells of a table: what, measured, limit, where it comes from, verdict. */
export function barRow({ what, value, limit, from }: Bar): string[] {
  return [what, `${seconds(value)} s`, `≤ ${seconds(limit)} s`, from, value <= limit ? 'holds' : 'MISSED'];
}

/** `factor` times what another one took. */
export function times(what: string, value: number, factor: number, other: number, whose: string): Bar {
  return { what, value, limit: factor * other, from: `${factor} × ${seconds(other)} s ${whose}` };
}
