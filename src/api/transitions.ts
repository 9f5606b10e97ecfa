import type { TransitionRule } from './rule.ts';

// Nothing was built from the spec yet, or all of it is gone again.
const FREE =
  "!has(oldSelf.status) || oldSelf.status.?attempt.orValue(0) == 0 || oldSelf.status.?phase.orValue('') == 'Suspended'";
const HOW = 'set `suspend: true` first and wait for the phase Suspended, or create a new FlowRun';

/**
 * CEL: the optional field is as it was. Spelled with `has`, because the API server's cost estimate loses the size bounds
 * of what optional chaining (`self.?a.?b`) returns.
 */
export function unchanged(path: string): string {
  return `has(self.${path}) == has(oldSelf.${path}) && (!has(self.${path}) || self.${path} == oldSelf.${path})`;
}

const all = (rules: readonly string[]) => rules.map((rule) => `(${rule})`).join(' && ');

const EXECUTOR = ['scheduler', 'kwargs', 'address', 'clusterClass', 'clusterKwargs', 'clientKwargs', 'debug'];
const ADAPT = [
  'interval',
  'wait_count',
  'target_duration',
  'minimum_cores',
  'maximum_cores',
  'minimum_memory',
  'maximum_memory',
];

const executor = 'spec.executor';
const adapt = `${executor}.adaptKwargs`;

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
    rule: `${FREE} || (has(self.${executor}) == has(oldSelf.${executor}) && (!has(self.${executor}) || (self.${executor}.type == oldSelf.${executor}.type && ${all(EXECUTOR.map((field) => unchanged(`${executor}.${field}`)))} && has(self.${adapt}) == has(oldSelf.${adapt}))))`,
    message: `cannot change once the run has started, but for \`adaptKwargs.minimum\` and \`maximum\`; ${HOW}`,
    fieldPath: '.spec.executor',
  },
  {
    rule: `${FREE} || !has(self.${executor}) || !has(oldSelf.${executor}) || !has(self.${adapt}) || !has(oldSelf.${adapt}) || self.${adapt} == oldSelf.${adapt} || (${all(ADAPT.map((field) => unchanged(`${adapt}.${field}`)))} && !(${unchanged(`${adapt}.minimum`)} && ${unchanged(`${adapt}.maximum`)}))`,
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
