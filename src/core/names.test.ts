import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { childName, labels, selectorFor, workersSelector } from './names.ts';
import { formatOrdinals, parseOrdinals } from './ordinals.ts';

const uid = '0a1b2c3d-1111-4222-8333-444455556666';

describe('the name of a child', () => {
  test.each([
    ['etl', 1, 'flow', undefined, 'etl-0a1b2c3d-1-flow'],
    ['etl', 2, 'worker', 17, 'etl-0a1b2c3d-2-worker-17'],
    ['etl', 1, 'service', undefined, 'etl-0a1b2c3d-1-scheduler'],
    ['etl', 1, 'files', undefined, 'etl-0a1b2c3d-1-files'],
    [`${'a'.repeat(29)}-b`, 1, 'flow', undefined, `${'a'.repeat(29)}-0a1b2c3d-1-flow`],
    [`${'a'.repeat(28)}--bc`, 1, 'flow', undefined, `${'a'.repeat(28)}-0a1b2c3d-1-flow`],
  ] as const)('of %s, attempt %d, %s %s is %5$s', (name, attempt, role, ordinal, expected) => {
    expect(childName({ name, uid }, attempt, role, ordinal)).toBe(expected);
  });

  test('is a DNS-1035 label, however long the name of the run', () => {
    const dns1035 = fc.stringMatching(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
    fc.assert(
      fc.property(dns1035, fc.nat(99_999), fc.nat(9_999_999), (name, attempt, ordinal) => {
        for (const role of ['scheduler', 'worker'] as const) {
          const child = childName({ name, uid }, attempt, role, role === 'worker' ? ordinal : undefined);
          expect(child).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
        }
      }),
    );
  });
});

test('every child carries whose it is', () => {
  expect(labels({ name: 'etl', uid }, 3, 'worker', { ordinal: 4, group: 'gpu' })).toEqual({
    'app.kubernetes.io/managed-by': 'flowrun-operator',
    'flowrun.dev/name': 'etl',
    'flowrun.dev/uid': uid,
    'flowrun.dev/attempt': '3',
    'flowrun.dev/role': 'worker',
    'flowrun.dev/ordinal': '4',
    'flowrun.dev/group': 'gpu',
  });
});

test.each([
  [['worker'], 'flowrun.dev/role=worker'],
  [['scheduler', 'worker'], 'flowrun.dev/role in (scheduler,worker)'],
] as const)('a selector on %j names run, attempt and role', (roles, role) => {
  expect(selectorFor(uid, 2, roles)).toBe(`flowrun.dev/uid=${uid},flowrun.dev/attempt=2,${role}`);
});

test('a selector on some workers names them by ordinal', () => {
  expect(workersSelector(uid, 2, [3, 11])).toBe(
    `flowrun.dev/uid=${uid},flowrun.dev/attempt=2,flowrun.dev/role=worker,flowrun.dev/ordinal in (3,11)`,
  );
});

describe('ordinals', () => {
  test.each([
    ['', []],
    ['0', [0]],
    ['0-3,7', [0, 1, 2, 3, 7]],
    ['2,4,6', [2, 4, 6]],
  ])('%j are %j', (text, expected) => {
    expect([...parseOrdinals(text)]).toEqual(expected);
    expect(formatOrdinals(expected)).toBe(text);
  });

  test.each(['x', '3-1', '1,', '-1', '0-4000000000', '0-200000', '1 ,2'])('%j are refused', (text) => {
    expect(() => parseOrdinals(text)).toThrow(RangeError);
  });

  test('survive a round trip', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(300)), (ordinals) => {
        expect(parseOrdinals(formatOrdinals(ordinals))).toEqual(new Set(ordinals));
      }),
    );
  });
});
