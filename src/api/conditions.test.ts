import { describe, expect, it } from 'vitest';

import { type Condition, findCondition, isTrue, setCondition } from './conditions.ts';

const aCondition = (over: Partial<Omit<Condition, 'type'>> = {}) => ({
  type: 'Running' as const,
  status: 'True' as const,
  lastTransitionTime: '2026-01-01T00:00:00Z',
  reason: 'FlowStarted',
  message: '',
  ...over,
});
const later = '2026-01-01T01:00:00Z';

describe('setCondition', () => {
  it('appends a condition that is not there yet', () => {
    expect(setCondition(undefined, aCondition())).toEqual([aCondition()]);
  });

  it('keeps the transition time while the status stays, and takes over the rest', () => {
    const [next] = setCondition(
      [aCondition()],
      aCondition({ reason: 'StillRunning', lastTransitionTime: later }),
    );
    expect(next).toMatchObject({ reason: 'StillRunning', lastTransitionTime: '2026-01-01T00:00:00Z' });
  });

  it('moves the transition time with the status', () => {
    const [next] = setCondition([aCondition()], aCondition({ status: 'False', lastTransitionTime: later }));
    expect(next).toMatchObject({ status: 'False', lastTransitionTime: later });
  });

  it('leaves the given list and the other conditions alone', () => {
    const other: Condition = { ...aCondition(), type: 'Accepted' };
    const before = [other, aCondition()];
    const after = setCondition(before, aCondition({ status: 'False', lastTransitionTime: later }));
    expect(before[1]?.status).toBe('True');
    expect(after[0]).toBe(other);
    expect(after).toHaveLength(2);
  });
});

describe('isTrue', () => {
  it('is false for an absent, a False and an Unknown condition', () => {
    expect(isTrue(undefined, 'Running')).toBe(false);
    expect(isTrue([aCondition({ status: 'False' })], 'Running')).toBe(false);
    expect(isTrue([aCondition({ status: 'Unknown' })], 'Running')).toBe(false);
    expect(isTrue([aCondition()], 'Running')).toBe(true);
    expect(findCondition([aCondition()], 'Complete')).toBeUndefined();
  });
});
