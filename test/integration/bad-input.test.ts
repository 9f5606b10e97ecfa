import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NAMES } from '../../images/names.ts';
import { venv } from '../../images/venv.ts';
import { findCondition } from '../../src/api/conditions.ts';
import type { FlowRunStatus } from '../../src/api/status.ts';
import { manifestOf, readRan, readRefused, refusalOf, type Refused } from '../support/bad-input.ts';
import { eventually } from '../support/eventually.ts';
import type { Kubectl } from '../support/kubectl.ts';
import { runLauncher } from '../support/launcher-process.ts';
import { clusterKubectl, namespaceFor, runOf, type TestNamespace } from '../support/namespace.ts';
import { type TestOperator, operatorFor } from '../support/operator-for.ts';

const admission = readRefused('admission');
const stored = { operator: readRefused('operator'), pods: readRefused('pods') };
const ran = readRan('launcher');

let space: TestNamespace;
let operator: TestOperator;
let kubectl: Kubectl;

const inSpace = (args: readonly string[], input?: string) =>
  kubectl(['--namespace', space.name, ...args], input);

const create = async (cases: readonly Refused[], stem: string, ...flags: string[]) => {
  const manifests = cases.map((each, index) => manifestOf(`${stem}-${index}`, each, space.image));
  return inSpace(['create', ...flags, '-f', '-'], manifests.join('---\n'));
};

beforeAll(async () => {
  space = await namespaceFor('bad-input');
  kubectl = clusterKubectl();
  operator = await operatorFor(space);
  for (const [stem, cases] of Object.entries(stored)) {
    const answer = await create(cases, stem);
    if (answer.code !== 0) throw new Error(answer.stderr);
  }
});
afterAll(async () => {
  await operator?.stop();
  await space?.remove();
});

/** Status by name, once the operator has judged all of them. */
async function judged(stem: string, type: 'Accepted' | 'Failed', status: 'True' | 'False', count: number) {
  return eventually(
    `${count} runs are ${type}=${status}`,
    async () => {
      const found = (await space.list('flowrun', ''))
        .map(runOf)
        .filter(({ metadata }) => metadata.name.startsWith(`${stem}-`))
        .filter((run) => findCondition(run.status.conditions, type)?.status === status);
      return found.length === count
        ? new Map(found.map((run): [string, FlowRunStatus] => [run.metadata.name, run.status]))
        : undefined;
    },
    120,
  );
}

const numbered = <T extends object>(cases: readonly T[]) => cases.map((each, index) => ({ ...each, index }));

/** What the scheduler says of N nodes; those of kind have one among them that takes no pods. */
const onAnyCluster = (message: string) =>
  message
    .replace(/\d+ node\(s\) had untolerated taint[^,]*, /, '')
    .replaceAll(/(?<=0\/)\d+(?= nodes)/g, 'N')
    .replaceAll(/\d+(?= (Insufficient|Preemption|node\(s\)))/g, 'N');

test('there are cases enough', () => {
  expect(admission.length + stored.operator.length + stored.pods.length + ran.length).toBeGreaterThan(60);
});

describe('the API server refuses', () => {
  test.concurrent.for(admission)('$what', async (bad, { expect }) => {
    const answer = await create([bad], 'admission', '--dry-run=server');
    expect(answer.code).not.toBe(0);
    expect(refusalOf(answer.stderr)).toBe(bad.says);
  });
});

describe('the operator refuses, and starts nothing', () => {
  let statuses: Awaited<ReturnType<typeof judged>>;
  beforeAll(async () => {
    statuses = await judged('operator', 'Accepted', 'False', stored.operator.length);
  });

  test.for(numbered(stored.operator))('$what', ({ index, reason, says }) => {
    const { conditions, phase, attempt } = statuses.get(`operator-${index}`) ?? {};
    const said = findCondition(conditions, 'Accepted');
    expect({ reason: said?.reason, says: said?.message, phase, attempt }).toEqual({
      reason,
      says,
      phase: 'Pending',
      attempt: undefined,
    });
  });
});

describe('Kubernetes refuses or cannot start', () => {
  let statuses: Awaited<ReturnType<typeof judged>>;
  beforeAll(async () => {
    statuses = await judged('pods', 'Failed', 'True', stored.pods.length);
  });

  test.for(numbered(stored.pods))('$what', ({ index, reason, says }) => {
    const { phase, reason: real, message } = statuses.get(`pods-${index}`) ?? {};
    const shown = onAnyCluster(message ?? '')
      .replaceAll(new RegExp(`pods-${index}-[0-9a-f]{8}`, 'g'), 'NAME')
      .replaceAll(space.name, 'NAMESPACE')
      .replace(/(?<=is on node )[-\w]+/, 'NODE');
    expect({ reason: real, says: shown, phase }).toEqual({ reason, says, phase: 'Failed' });
  });
});

describe('the launcher ends the run', () => {
  const pythons = new Map<string, string>();
  beforeAll(async () => {
    for (const name of NAMES) pythons.set(name, await venv(name));
  });

  test.concurrent.for(ran)('$what', { timeout: 300_000 }, async (bad, { expect }) => {
    const spec = {
      flow: { image: 'flows:1', ...bad.flow },
      ...(bad.executor === undefined ? {} : { executor: bad.executor }),
    };
    const end = await runLauncher(pythons.get(bad.image) ?? '', spec, bad.files);
    const { exitCode, reason, message, value } = end.result;
    const wanted = { exitCode: bad.exitCode, reason: bad.reason };
    if (bad.exitCode === 0) expect({ exitCode, reason, value }).toEqual({ ...wanted, value: bad.value });
    else expect({ exitCode, reason, says: message }).toEqual({ ...wanted, says: bad.says });
    expect(end.code).toBe(bad.processCode ?? exitCode);
  });
});

test('after all of it the same operator runs the next flow', async () => {
  await space.apply({
    apiVersion: 'flowrun.dev/v1alpha1',
    kind: 'FlowRun',
    metadata: { name: 'fine' },
    spec: { flow: { image: space.image, command: ['true'] } },
  });
  await space.waitFor('fine', 'CleanedUp', 120);
  expect(runOf(await space.get('flowrun', 'fine')).status).toMatchObject({ phase: 'Succeeded' });
  expect(await operator.stop()).toBe(0);
});
