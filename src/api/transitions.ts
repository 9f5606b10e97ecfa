import type { TransitionRule } from './rule.ts';

// Nothing was built from the spec yet, or all of it is gone again.
const FREE =
  "!has(oldSelf.status) || oldSelf.status.?attempt.orValue(0) == 0 || oldSelf.status.?phase.orValue('') == 'Suspended'";
const HOW = 'set `suspend: true` first and wait for the phase Suspended, or create a new FlowRun';

/**
 * CEL: the optional field of `at` is as it was. Spelled with `has`, because the API server's cost estimate loses the size bounds
 * of what optional chaining (`self.?a.?b`) returns.
 */
export function unchanged(field: string, at = ''): string {
  return same(`self${at}.${field}`, `oldSelf${at}.${field}`);
}

const same = (now: string, old: string) => `has(${now}) == has(${old}) && (!has(${now}) || ${now} == ${old})`;

// CEL has no type for a map of anything, hence `dyn`.
const unchangedMap = (field: string, at: string) =>
  same(`dyn(self${at}).${field}`, `dyn(oldSelf${at}).${field}`);

const all = (rules: readonly string[]) => rules.map((rule) => `(${rule})`).join(' && ');

const EXECUTOR = '.spec.executor';
const ADAPT = `${EXECUTOR}.adaptKwargs`;

const executorUnchanged = all([
  unchanged('type', EXECUTOR),
  ...['scheduler', 'address', 'clusterClass', 'debug'].map((field) => unchanged(field, EXECUTOR)),
  ...['kwargs', 'clusterKwargs', 'clientKwargs'].map((field) => unchangedMap(field, EXECUTOR)),
  `has(self${ADAPT}) == has(oldSelf${ADAPT})`,
]);

const boundsOnly = all([
  ...[
    'interval',
    'wait_count',
    'target_duration',
    'minimum_cores',
    'maximum_cores',
    'minimum_memory',
    'maximum_memory',
    'dry_run',
  ].map((field) => unchanged(field, ADAPT)),
  `!(${unchanged('minimum', ADAPT)} && ${unchanged('maximum', ADAPT)})`,
]);

const bothHave = (path: string) => `has(self${path}) && has(oldSelf${path})`;

/**
 * What may not change. The executor's `minimum` and `maximum` may, so `adaptKwargs` is compared field by field;
 * a key the schema does not know can only slip through together with a new `minimum` or `maximum`.
 */
const immutableSpec: readonly TransitionRule[] = [
  {
    rule: `${FREE} || self.spec.flow == oldSelf.spec.flow`,
    message: `cannot change once the run has started; ${HOW}`,
    fieldPath: '.spec.flow',
  },
  {
    rule: `${FREE} || (has(self${EXECUTOR}) == has(oldSelf${EXECUTOR}) && (!has(self${EXECUTOR}) || (${executorUnchanged})))`,
    message: `cannot change once the run has started, but for \`adaptKwargs.minimum\` and \`maximum\`; ${HOW}`,
    fieldPath: '.spec.executor',
  },
  {
    rule: `${FREE} || !(${bothHave(EXECUTOR)} && ${bothHave(ADAPT)}) || self${ADAPT} == oldSelf${ADAPT} || (${boundsOnly})`,
    message: `only \`minimum\` and \`maximum\` can change once the run has started; ${HOW}`,
    fieldPath: '.spec.executor.adaptKwargs',
  },
];

const END = "old.type in ['Complete', 'Failed'] && old.status == 'True'";

const finalConditions: readonly TransitionRule[] = [
  {
    rule: `!has(oldSelf.status) || !has(oldSelf.status.conditions) || oldSelf.status.conditions.all(old, !(${END}) || (has(self.status) && has(self.status.conditions) && self.status.conditions.exists(now, now.type == old.type && now.status == old.status && now.reason == old.reason)))`,
    message: 'a run that has ended stays ended: `Complete` and `Failed` never change once True',
    fieldPath: '.status.conditions',
  },
];

export const flowRunTransitions: readonly TransitionRule[] = [...immutableSpec, ...finalConditions];
