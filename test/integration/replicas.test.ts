import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { namespaceFor, runOf, type TestNamespace } from '../support/namespace.ts';
import { type OperatorProcess, startOperator } from '../support/operator.ts';
import { beginWaiting, endsWell, letEnd } from '../support/waiting-run.ts';

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

async function goesOn(name: string): Promise<void> {
  await letEnd(space, name);
  await endsWell(space, name);
}

test('a leader that is told to stop hands over at once', async () => {
  const [first, second] = await pair();
  await beginWaiting(space, 'handed-over');
  const stoppedAt = performance.now();
  expect(await first.stop()).toBe(0);
  await eventually('the second replica leads', () => leads(second));
  // A lease that is not given back runs for 15 s.
  expect(performance.now() - stoppedAt).toBeLessThan(10_000);
  await goesOn('handed-over');
});

test('a leader that dies is followed once its lease has run out', async () => {
  const [first, second] = await pair();
  await beginWaiting(space, 'taken-over');
  expect(leads(second)).toBe(false);
  await first.kill();
  await eventually('the second replica leads', () => leads(second), 30);
  await goesOn('taken-over');
});

test('a leader that slept past its lease writes nothing when it wakes, and ends', async () => {
  const [first, second] = await pair();
  await beginWaiting(space, 'slept-through');
  first.pause();
  await eventually('the second replica leads', () => leads(second), 30);
  const before = runOf(await space.get('flowrun', 'slept-through'));
  first.resume();
  expect(await first.exited).toBe(1);
  expect(first.log()).toContain('The lease was lost');
  expect(runOf(await space.get('flowrun', 'slept-through')).status.attempts).toEqual(before.status.attempts);
  await goesOn('slept-through');
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
  await beginWaiting(space, 'measured');
  await goesOn('measured');
  const leader = leads(first) ? first : second;
  const text = await get(leader, '/metrics');
  expect(text).toContain('flowrun_runs_total{outcome="Succeeded",reason="Succeeded"} 1\n');
  expect(text).toMatch(/^flowrun_phase_seconds_count\{phase="Running"\} 1$/m);
  expect(text).toMatch(/^flowrun_api_request_seconds_count\{verb="POST",code="201"\} \d+$/m);
});
