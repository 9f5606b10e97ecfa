import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { parseFlowRun } from '../../src/api/parse.ts';
import { type TestCluster, up } from '../cluster/api.ts';
import { installDefinitions } from '../support/definitions.ts';
import { type Kubectl, kubectlOf } from '../support/kubectl.ts';

const FIXTURES = new URL('../fixtures/flowruns/', import.meta.url).pathname;

const fixtures = (kind: 'accepted' | 'rejected') =>
  readdirSync(`${FIXTURES}${kind}`).map((file) => {
    const yaml = readFileSync(`${FIXTURES}${kind}/${file}`, 'utf8');
    const want = /^# want: (.*)$/m.exec(yaml)?.[1] ?? '';
    return {
      name: file.replace('.yaml', ''),
      yaml,
      want,
      server: /^# server: (.*)$/m.exec(yaml)?.[1] ?? want,
    };
  });

// YAML 1.1, as kubectl reads it.
const read = (yaml: string): { metadata: object; spec?: unknown } => parse(yaml, { version: '1.1' });

/** The object with what only a stored one has. */
function asStored(object: { metadata: object }): unknown {
  const stamps = {
    namespace: 'default',
    uid: '00000000-0000-4000-8000-000000000000',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
  };
  return { ...object, metadata: { ...stamps, ...object.metadata } };
}

const aRun = (name: string, spec: object) =>
  JSON.stringify({ apiVersion: 'flowrun.dev/v1alpha1', kind: 'FlowRun', metadata: { name }, spec });

const sources = (inline: Record<string, string>) =>
  aRun('sources', { flow: { command: ['x'], source: { inline } } });

let cluster: TestCluster;
let kubectl: Kubectl;

beforeAll(async () => {
  cluster = await up({ name: 'api', controlPlaneOnly: true, controllerManager: false });
  kubectl = kubectlOf(cluster);
  await installDefinitions(kubectl);
});

afterAll(async () => {
  await cluster?.down();
});

const dryRun = (yaml: string) => kubectl(['create', '--dry-run=server', '-o', 'json', '-f', '-'], yaml);

describe('schema and API server agree', () => {
  it.each(fixtures('accepted'))('on accepting $name', async ({ yaml }) => {
    const answer = await dryRun(yaml);
    expect(answer.stderr).toBe('');
    const parsed = parseFlowRun(asStored(read(answer.stdout)));
    expect(parsed.ok ? '' : parsed.message).toBe('');
  });

  it.each(fixtures('rejected'))('on rejecting $name', async ({ yaml, want, server }) => {
    expect(want).not.toBe('');
    const answer = await dryRun(yaml);
    expect(answer.code).not.toBe(0);
    expect(answer.stderr).toContain(server);
    const parsed = parseFlowRun(asStored(read(yaml)));
    expect(parsed.ok ? '' : parsed.message).toContain(want);
  });

  it.each([
    { what: '32 files', files: 32, characters: 1, refusal: '' },
    { what: '33 files', files: 33, characters: 1, refusal: 'at most 32' },
    { what: '128 Ki characters in two files', files: 2, characters: 65536, refusal: '' },
    { what: 'one character more', files: 2, characters: 65537, refusal: 'the files may hold' },
  ])('on $what of inline sources', async ({ files, characters, refusal }) => {
    // Four bytes and two UTF-16 units each: what counts is code points.
    const content = '🐍'.repeat(characters);
    const run = sources(
      Object.fromEntries(Array.from({ length: files }, (_, index) => [`f${index}.py`, content])),
    );
    const parsed = parseFlowRun(asStored(read(run)));
    for (const message of [(await dryRun(run)).stderr, parsed.ok ? '' : parsed.message]) {
      expect(message).toMatch(refusal === '' ? /^$/ : refusal);
    }
  });

  it('on defaults', async () => {
    const answer = await dryRun(
      aRun('defaults', { flow: { command: ['x'] }, retry: { limit: 1 }, cleanup: {} }),
    );
    const stored = read(answer.stdout);
    const parsed = parseFlowRun(asStored(stored));
    expect(parsed.ok && parsed.value.spec).toEqual(stored.spec);
    expect(parsed).toMatchObject({
      value: { spec: { retry: { when: 'Infrastructure', backoffSeconds: 10 } } },
    });
  });
});

describe('the API server', () => {
  it('takes the longest status the schema allows for', async () => {
    await kubectl(['create', '-f', '-'], aRun('big', { flow: { command: ['x'] } }));
    const attempts = Array.from({ length: 16 }, (_, index) => ({
      number: index + 1,
      startTime: '2026-01-01T00:00:00Z',
      outcome: 'Failed',
      message: 'x'.repeat(4096),
    }));
    const status = {
      attempts,
      cluster: {
        groups: Array.from({ length: 16 }, (_, index) => ({
          name: `group-${index}`,
          ordinals: Array.from({ length: 800 }, (_, ordinal) => 100_000_000 + 2 * ordinal).join(','),
          leaving: '0-499',
        })),
      },
      result: { value: [1, null, { a: 'b' }] },
    };
    const answer = await patch('big', { status }, '--subresource=status');
    expect(answer.stderr).toBe('');
  });

  it('selects by phase and prints the columns', async () => {
    await kubectl(['create', '-f', '-'], aRun('columns', { flow: { command: ['x'] } }));
    await patch(
      'columns',
      { status: { phase: 'Running', cluster: { workers: { ready: 2, desired: 3 } } } },
      '--subresource=status',
    );
    const answer = await kubectl(['get', 'fr', '--field-selector=status.phase=Running']);
    expect(answer.stdout).toMatch(
      /^NAME +PHASE +READY +WORKERS +FINISHED +TASKS +AGE\ncolumns +Running +2 +3 /,
    );
  });
});

/** Through a file: the longest status is longer than an argument may be. */
async function patch(name: string, body: object, ...flags: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'flowrun-patch-'));
  try {
    const file = join(folder, 'patch.json');
    await writeFile(file, JSON.stringify(body));
    return await kubectl(['patch', 'fr', name, '--type=merge', '--patch-file', file, ...flags]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const SPEC = {
  flow: {
    command: ['x'],
    parameters: { n: 1 },
    env: [{ name: 'A', value: '1' }],
    template: { spec: { a: 1 } },
  },
  executor: {
    type: 'DaskExecutor',
    clusterKwargs: { n_workers: 1 },
    clientKwargs: { timeout: 5 },
    adaptKwargs: { minimum: 1, maximum: 5, interval: '1s' },
  },
};

const ALLOWED = /^$/;
const FLOW = /spec\.flow: Invalid value: cannot change once the run has started/;
const EXECUTOR = /spec\.executor: Invalid value: cannot change once the run has started/;
const ADAPT = /spec\.executor\.adaptKwargs: Invalid value: only `minimum` and `maximum` can change/;
const MANAGED = /`managedBy` cannot change/;

const CHANGES = [
  { what: 'a parameter', spec: { flow: { parameters: { n: 2 } } }, refusal: FLOW },
  { what: 'the name of a parameter', spec: { flow: { parameters: { n: null, m: 1 } } }, refusal: FLOW },
  {
    what: 'a field inside a template',
    spec: { flow: { template: { spec: { a: null, b: 1 } } } },
    refusal: FLOW,
  },
  { what: 'the image', spec: { flow: { image: 'b:1' } }, refusal: FLOW },
  { what: 'a variable', spec: { flow: { env: [{ name: 'A', value: '2' }] } }, refusal: FLOW },
  { what: 'the executor', spec: { executor: null }, refusal: EXECUTOR },
  { what: 'clusterKwargs', spec: { executor: { clusterKwargs: { n_workers: 2 } } }, refusal: EXECUTOR },
  {
    what: 'a name in clusterKwargs',
    spec: { executor: { clusterKwargs: { n_workers: null, workers: 1 } } },
    refusal: EXECUTOR,
  },
  { what: 'clientKwargs', spec: { executor: { clientKwargs: null } }, refusal: EXECUTOR },
  { what: 'debug', spec: { executor: { debug: true } }, refusal: EXECUTOR },
  {
    what: 'the interval of adaptKwargs',
    spec: { executor: { adaptKwargs: { interval: '2s' } } },
    refusal: ADAPT,
  },
  {
    what: 'the interval together with the maximum',
    spec: { executor: { adaptKwargs: { interval: '2s', maximum: 9 } } },
    refusal: ADAPT,
  },
  {
    what: 'from an adaptive to a fixed cluster',
    spec: { executor: { adaptKwargs: null } },
    refusal: EXECUTOR,
  },
  { what: 'managedBy', spec: { managedBy: 'example.com/other' }, refusal: MANAGED },
  { what: 'the minimum', spec: { executor: { adaptKwargs: { minimum: 2 } } }, refusal: ALLOWED },
  { what: 'the maximum', spec: { executor: { adaptKwargs: { maximum: null } } }, refusal: ALLOWED },
  { what: 'retry', spec: { retry: { limit: 3 } }, refusal: ALLOWED },
  { what: 'the deadlines', spec: { startDeadlineSeconds: 60, activeDeadlineSeconds: 60 }, refusal: ALLOWED },
  {
    what: 'TTL and cleanup',
    spec: { ttlSecondsAfterFinished: 1, cleanup: { clusterAfterFailureSeconds: 9 } },
    refusal: ALLOWED,
  },
  { what: 'suspend', spec: { suspend: true }, refusal: ALLOWED },
];

describe('changes of the spec', () => {
  beforeAll(async () => {
    for (const name of ['started', 'fresh', 'suspended'])
      await kubectl(['create', '-f', '-'], aRun(name, SPEC));
    await patch('started', { status: { attempt: 1, phase: 'Running' } }, '--subresource=status');
    await patch('suspended', { status: { attempt: 1, phase: 'Suspended' } }, '--subresource=status');
  });

  it.each(CHANGES)('of $what in a started run', async ({ spec, refusal }) => {
    const answer = await patch('started', { spec }, '--dry-run=server');
    expect(answer.stderr).toMatch(refusal);
  });

  it.each(CHANGES)('of $what before the first attempt and while suspended', async ({ spec, refusal }) => {
    for (const name of ['fresh', 'suspended']) {
      const answer = await patch(name, { spec }, '--dry-run=server');
      expect(answer.stderr).toMatch(refusal === MANAGED ? MANAGED : ALLOWED);
    }
  });

  it('may set cancel, and never take it back', async () => {
    await kubectl(['create', '-f', '-'], aRun('cancelled', SPEC));
    expect((await patch('cancelled', { spec: { cancel: true } })).stderr).toBe('');
    for (const cancel of [false, null]) {
      const answer = await patch('cancelled', { spec: { cancel } });
      expect(answer.stderr).toContain('`cancel` cannot be taken back');
    }
  });
});

describe('conditions', () => {
  const aCondition = (type: string, status: string, reason = 'Because') => ({
    type,
    status,
    reason,
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });
  const setTo = (...conditions: object[]) =>
    patch('ended', { status: { conditions } }, '--subresource=status');

  it('that end a run never change again; others do', async () => {
    await kubectl(['create', '-f', '-'], aRun('ended', SPEC));
    const complete = aCondition('Complete', 'True');
    expect((await setTo(aCondition('Complete', 'False'), aCondition('Running', 'True'))).stderr).toBe('');
    expect(
      (await setTo(complete, aCondition('Running', 'False'), aCondition('CleanedUp', 'True'))).stderr,
    ).toBe('');
    for (const conditions of [
      [aCondition('Complete', 'False')],
      [aCondition('Complete', 'True', 'Other')],
      [],
    ]) {
      expect((await setTo(...conditions)).stderr).toContain('a run that has ended stays ended');
    }
    const cleared = await patch('ended', { status: null }, '--subresource=status');
    expect(cleared.stderr).toContain('a run that has ended stays ended');
  });
});
