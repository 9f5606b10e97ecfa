import type { TransitionRule } from './rule.ts';

// Nothing was built from the spec yet, or all of it is gone again.
const FREE =
  "!has(oldSelf.status) || oldSelf.status.?attempt.orValue(0) == 0 || oldSelf.status.?phase.orValue('') == 'Suspended'";
const HOW = 'set `suspend: true` first and wait for the phase Suspended, or create a new FlowRun';

const unchanged = (path: string) => `self.${path} == oldSelf.${path}`;

const FIXED_IN_EXECUTOR = [
  'type',
  'scheduler',
  'kwargs',
  'address',
  'clusterClass',
  'clusterKwargs',
  'clientKwargs',
  'debug',
];
const FIXED_IN_ADAPT = [
  'interval',
  'wait_count',
  'target_duration',
  'minimum_cores',
  'maximum_cores',
  'minimum_memory',
  'maximum_memory',
];
const ADAPT = 'spec.?executor.?adaptKwargs';

/**
 * What may not change. The executor's `minimum` and `maximum` may, so `adaptKwargs` is compared field by field;
 * a key the schema does not know can only slip through together with a new `minimum` or `maximum`.
 */
const immutableSpec: readonly TransitionRule[] = [
  {
    rule: `${FREE} || ${unchanged('spec.flow')}`,
    message: `cannot change once the run has started; ${HOW}`,
    fieldPath: '.spec.flow',
  },
  {
    rule: `${FREE} || (${FIXED_IN_EXECUTOR.map((field) => unchanged(`spec.?executor.?${field}`)).join(' && ')})`,
    message: `cannot change once the run has started, but for \`adaptKwargs.minimum\` and \`maximum\`; ${HOW}`,
    fieldPath: '.spec.executor',
  },
  {
    rule: `${FREE} || (self.${ADAPT}.hasValue() == oldSelf.${ADAPT}.hasValue() && ${FIXED_IN_ADAPT.map((field) => unchanged(`${ADAPT}.?${field}`)).join(' && ')} && (${unchanged(ADAPT)} || ['minimum', 'maximum'].exists(bound, bound == 'minimum' ? self.${ADAPT}.?minimum != oldSelf.${ADAPT}.?minimum : self.${ADAPT}.?maximum != oldSelf.${ADAPT}.?maximum)))`,
    message: `only \`minimum\` and \`maximum\` can change once the run has started; ${HOW}`,
    fieldPath: '.spec.executor.adaptKwargs',
  },
];

const ENDS = "['Complete', 'Failed']";

const finalConditions: readonly TransitionRule[] = [
  {
    rule: `oldSelf.?status.?conditions.orValue([]).all(old, !(old.type in ${ENDS} && old.status == 'True') || self.?status.?conditions.orValue([]).exists(now, now.type == old.type && now.status == old.status && now.reason == old.reason))`,
    message: 'a run that has ended stays ended: `Complete` and `Failed` never change once True',
    fieldPath: '.status.conditions',
  },
];

export const flowRunTransitions: readonly TransitionRule[] = [...immutableSpec, ...finalConditions];
