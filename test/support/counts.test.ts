import { describe, expect, test } from 'vitest';
import { closingLine, countJunit, countVitest, judge, NONE } from './counts.ts';

const vitest = (passed: number, failed: number, results: object[] = []) =>
  JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: 1,
    numTodoTests: 0,
    testResults: results,
  });

describe('counting', () => {
  test('a vitest report', () => {
    expect(countVitest(vitest(5, 2))).toEqual({ passed: 5, failed: 2, skipped: 1 });
  });

  test('a test file that cannot be loaded is a failure', () => {
    const broken = [{ status: 'failed', assertionResults: [] }];
    expect(countVitest(vitest(5, 0, broken)).failed).toBe(1);
  });

  test('a pytest report', () => {
    const report =
      '<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="1.5"><testcase name="a"/></testsuite></testsuites>';
    expect(countJunit(report)).toEqual({ passed: 4, failed: 3, skipped: 3 });
  });

  test.each(['', '<testsuites/>', '<testsuite name="x">'])('%j is no report', (text) => {
    expect(() => countJunit(text)).toThrow('no JUnit report');
  });
});

test.each([
  ['all passed', 0, { passed: 3, failed: 0, skipped: 0 }, { passed: 3, failed: 0, skipped: 0 }],
  ['some failed', 1, { passed: 3, failed: 2, skipped: 0 }, { passed: 3, failed: 2, skipped: 0 }],
  [
    'it failed after its tests had passed',
    1,
    { passed: 3, failed: 0, skipped: 0 },
    { passed: 3, failed: 1, skipped: 0 },
  ],
  ['it ran nothing', 0, NONE, { passed: 0, failed: 1, skipped: 0 }],
  ['it only skipped', 0, { passed: 0, failed: 0, skipped: 4 }, { passed: 0, failed: 1, skipped: 4 }],
  ['it crashed without a report', 134, undefined, { passed: 0, failed: 1, skipped: 0 }],
])('a runner is judged when %s', (_, exitCode, counts, judged) => {
  expect(judge(exitCode, counts)).toEqual(judged);
});

test('the closing line names skipped tests only if there are any', () => {
  expect(closingLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed');
  expect(closingLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped');
});
