import { z } from 'zod';

/** How many tests had which outcome. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };

export function add(one: Counts, other: Counts): Counts {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  };
}

const vitestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number().default(0),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.unknown()) })),
});

/** Of vitest's JSON report. A file that could not be loaded counts as one failed test. @throws Error when the text is none. */
export function countVitest(text: string): Counts {
  const report = vitestReport.parse(JSON.parse(text));
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** Of a JUnit report as pytest writes it. @throws Error when the text is none. */
export function countJunit(text: string): Counts {
  const suites = [...text.matchAll(/<testsuite\s([^>]*)>/g)].map(([, attributes = '']) => {
    const read = (name: string) =>
      Number(new RegExp(`\\b${name}="(\\d+)"`).exec(attributes)?.[1] ?? Number.NaN);
    const failed = read('failures') + read('errors');
    const skipped = read('skipped');
    return { passed: read('tests') - failed - skipped, failed, skipped };
  });
  const sum = suites.reduce(add, NONE);
  if (suites.length === 0 || Number.isNaN(sum.passed)) throw new Error('this is no JUnit report');
  return sum;
}

/**
 * What a runner counts for. One that fails without a failed test (a crash, no report), or that ran no test, is one failure:
 * silence is never success.
 */
export function judge(exitCode: number, counts: Counts | undefined): Counts {
  const { passed, failed, skipped } = counts ?? NONE;
  const sound = exitCode === 0 && passed + failed > 0;
  return { passed, failed: sound || failed > 0 ? failed : 1, skipped };
}

/** The closing line: `N passed, N failed`, with the skipped ones behind it if there are any. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
