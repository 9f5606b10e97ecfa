import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { CONDITIONS } from '../../src/core/reasons/conditions.ts';
import { COURSE } from '../../src/core/reasons/course.ts';
import { OPERATOR_ENDS } from '../../src/core/reasons/ends.ts';
import { EVENTS, LOSSES } from '../../src/core/reasons/events.ts';
import { LAUNCHER_ENDS } from '../../src/core/reasons/launcher.ts';
import { REFUSALS } from '../../src/core/reasons/refusals.ts';
import { troubleshootingPage } from './troubleshooting.ts';

const TOP = join(import.meta.dirname, '../..');

/** What the operator's sources say, without the lists, tests and models. tsc refuses a reason that is not in the lists. */
const SOURCES = globSync('src/{core,controller,manifests}/*.ts', {
  cwd: TOP,
  exclude: (path) => /\.(test|fixture)\.ts$|\/model-/.test(path),
})
  .map((path) => readFileSync(join(TOP, path), 'utf8'))
  .join('\n');

const launcherReport = z.object({
  ends: z.record(z.string(), z.array(z.string().nullable())),
  conditions: z.record(z.string(), z.array(z.string())),
});

/** Every reason that the launcher can name, as its sources have it. */
const launcher = launcherReport.parse(
  JSON.parse(
    execFileSync('python3', [join(import.meta.dirname, 'launcher_reasons.py'), 'src/launcher'], {
      cwd: TOP,
      encoding: 'utf8',
    }),
  ),
);

const byText = (one: unknown, other: unknown) => String(one).localeCompare(String(other));

const conditionReasons = Object.values(CONDITIONS).flatMap((statuses) =>
  Object.values(statuses).flatMap((entries) => Object.keys(entries)),
);
const sentByLauncher = new Set(Object.values(launcher.conditions).flat());
const ofOperator = [COURSE, OPERATOR_ENDS, REFUSALS, EVENTS, LOSSES].flatMap((list) => Object.keys(list));

describe('the lists of reasons', () => {
  test.each([...ofOperator, ...conditionReasons.filter((reason) => !sentByLauncher.has(reason))])(
    '%s is used by the operator',
    (reason) => {
      expect(SOURCES).toContain(`'${reason}'`);
    },
  );

  test('have the ends that the launcher names, and whose fault they are', () => {
    const named = Object.entries(launcher.ends).filter(([reason]) => !Object.hasOwn(OPERATOR_ENDS, reason));
    const classes = named.map(([reason, classes]) => [reason, classes.toSorted(byText).join(' or ')]);
    const listed = Object.entries(LAUNCHER_ENDS).map(([reason, { class: whose }]) => [reason, whose]);
    expect(Object.fromEntries(classes)).toEqual(Object.fromEntries(listed));
    const shared = Object.keys(launcher.ends).filter((reason) => Object.hasOwn(OPERATOR_ENDS, reason));
    expect(shared.toSorted(byText)).toEqual(['Cancelled', 'FlowFailed', 'FlowOutOfMemory', 'Succeeded']);
  });

  test('have the conditions that the launcher sets', () => {
    const listed: Record<string, Partial<Record<string, object>>> = CONDITIONS;
    for (const [type, reasons] of Object.entries(launcher.conditions))
      expect(Object.keys(listed[type]?.True ?? {})).toEqual(expect.arrayContaining(reasons));
  });

  test('give each reason that a run can show one heading on the page', () => {
    const headings = [...troubleshootingPage().matchAll(/^### (\w+)$/gm)].map(([, reason]) => reason);
    const shown = [COURSE, OPERATOR_ENDS, REFUSALS, LAUNCHER_ENDS].flatMap((list) => Object.keys(list));
    expect(headings.toSorted(byText)).toEqual(shown.toSorted(byText));
  });
});
