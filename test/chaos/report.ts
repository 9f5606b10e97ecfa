import { table } from '../bench/stats.ts';
import { isGood, type Verdict } from './judge.ts';
import { KIND_NAMES } from './plan.ts';

/** One line for each kind of fault, and their sum. */
export function report(verdicts: readonly Verdict[]): string {
  const struck = verdicts.filter((verdict) => verdict.struck);
  const row = (name: string, of: readonly Verdict[]) => [
    name,
    String(of.length),
    String(of.filter(({ wrong }) => wrong === undefined).length),
    ...(['orphans', 'duplicates', 'lateWrites'] as const).map((key) =>
      String(of.reduce((sum, verdict) => sum + verdict[key].length, 0)),
    ),
  ];
  const untouched = verdicts.filter((verdict) => !verdict.struck);
  return table([
    ['fault', 'runs', 'ended right', 'orphans', 'duplicates', 'late writes'],
    ...KIND_NAMES.map((kind) =>
      row(
        kind,
        struck.filter(({ trial }) => trial.kind === kind),
      ),
    ).filter(([, runs]) => runs !== '0'),
    row('all', struck),
    ...(untouched.length === 0 ? [] : [row('(over before the fault)', untouched)]),
  ]);
}

export const failures = (verdicts: readonly Verdict[]): Verdict[] =>
  verdicts.filter((verdict) => !isGood(verdict));
