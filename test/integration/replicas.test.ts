import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { namespaceFor, runOf, type TestNamespace } from '../support/namespace.ts';
import { type OperatorProcess, startOperator } from '../support/operator.ts';

let space: TestNamespace;
const running: OperatorProcess[] = [];

beforeAll(async () => {
  space = await namespaceFor('replicas');
});
afterEach(async () => {
  for (const operator of running.splice(0)) await operator.kill();
  await space.delete('lease', 'flowrun-operator');
});
afterAll(() => space.remove());

async function replica(...args: string[]): Promise<OperatorProcess> {
  const operator = await startOperator({
    kubeconfig: inject('kubeconfig'),
    arguments: ['--namespace', space.name, '--lease-namespace', space.name, ...args],
  });
  running.push(operator);
  return operator;
}

const leads = (operator: OperatorProcess) => operator.log().includes('Caches are filled; working');

/** Two replicas, the first of which leads. */
async function pair(): Promise<[OperatorProcess, OperatorProcess]> {
  const first = await replica();
  await eventually('the first replica leads', () => leads(first));
  return [first, await replica()];
}

/** A flow that runs until it is told to end by a file of its own pod, so that the change of leaders falls into it. */
const manifest = (name: string) => ({
  apiVersion: 'flowrun.dev/v1alpha1',
  kind: 'FlowRun',
  metadata: { name },
  spec: {
    flow: {
      image: space.image,
      entrypoint: 'waits.py:main',
      source: {
        inline: {
          'waits.py': [
            'import os, time',
            'def main():',
            '    from distributed import get_client',
            '    while not os.path.exists("/tmp/end"):',
            '        time.sleep(0.1)',
            '    return get_client().submit(sum, [1, 2, 3]).result()',
          ].join('\n'),
        },
      },
    },
    executor: { type: 'DaskExecutor', clusterKwargs: { n_workers: 1 } },
  },
});

async function begin(name: string): Promise<void> {
  await space.apply(manifest(name));
  await space.waitFor(name, 'Running', 90);
}

async function endsWell(name: string): Promise<void> {
  const [flow] = await space.list('pod', `flowrun.dev/name=${name},flowrun.dev/role=flow`);
  await space.exec(flow?.metadata.name ?? '', ['touch', '/tmp/end']);
  await space.waitFor(name, 'CleanedUp', 90);
  const { status } = runOf(await space.get('flowrun', name));
  expect({ phase: status.phase, attempt: status.attempt, value: status.result?.value }).toEqual({
    phase: 'Succeeded',
    attempt: 1,
    value: 6,
  });
  expect(await space.onlyFlowPodsLeft(`flowrun.dev/name=${name}`)).toHaveLength(1);
}

test('a leader that is told to stop hands over at once', async () => {
  const [first, second] = await pair();
  await begin('handed-over');
  const stoppedAt = performance.now();
  expect(await first.stop()).toBe(0);
  await eventually('the second replica leads', () => leads(second));
  // A lease that is not given back runs for 15 s.
  expect(performance.now() - stoppedAt).toBeLessThan(10_000);
  await endsWell('handed-over');
});

test('a leader that dies is followed once its lease has run out', async () => {
  const [first, second] = await pair();
  await begin('taken-over');
  expect(leads(second)).toBe(false);
  await first.kill();
  await eventually('the second replica leads', () => leads(second), 30);
  await endsWell('taken-over');
});

test('a leader that slept past its lease writes nothing when it wakes, and ends', async () => {
  const [first, second] = await pair();
  await begin('slept-through');
  first.pause();
  await eventually('the second replica leads', () => leads(second), 30);
  const before = runOf(await space.get('flowrun', 'slept-through'));
  first.resume();
  expect(await first.exited).toBe(1);
  expect(first.log()).toContain('The lease was lost');
  expect(runOf(await space.get('flowrun', 'slept-through')).status.attempts).toEqual(before.status.attempts);
  await endsWell('slept-through');
});

test('metrics and health tell of leader and standby', async () => {
  const [first, second] = [await replica('--http-port', '0'), await replica('--http-port', '0')];
  const portOf = (operator: OperatorProcess) => /"port":(\d+)/.exec(operator.log())?.[1];
  const get = async (operator: OperatorProcess, path: string) =>
    (await fetch(`http://127.0.0.1:${portOf(operator)}${path}`)).text();
  const metrics = await eventually('one of two leads', async () => {
    const all = [await get(first, '/metrics'), await get(second, '/metrics')];
    return all.some((text) => text.includes('flowrun_leader 1\n')) ? all : undefined;
  });
  expect(metrics.filter((text) => text.includes('flowrun_leader 0\n'))).toHaveLength(1);
  for (const operator of [first, second]) {
    expect(await get(operator, '/healthz')).toBe('ok\n');
    expect(await get(operator, '/readyz')).toBe('ok\n');
  }
  await begin('measured');
  await endsWell('measured');
  const leader = leads(first) ? first : second;
  const text = await get(leader, '/metrics');
  expect(text).toContain('flowrun_runs_total{outcome="Succeeded",reason="Succeeded"} 1\n');
  expect(text).toMatch(/^flowrun_phase_seconds_count\{phase="Running"\} 1$/m);
  expect(text).toMatch(/^flowrun_api_request_seconds_count\{verb="POST",code="201"\} \d+$/m);
});
