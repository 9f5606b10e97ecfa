import { afterEach, beforeEach, expect, test } from 'vitest';
import { HttpServer } from './http.ts';
import { FAMILIES } from './metric-families.ts';
import { Metrics } from './metrics.ts';

let problem: string | undefined;
let server: HttpServer;
let metrics: Metrics;

beforeEach(async () => {
  problem = undefined;
  metrics = new Metrics({
    queueDepth: () => 3,
    waiting: () => 4,
    queueAgeSeconds: () => 0.5,
    watchAgeSeconds: () => 12,
    leads: () => true,
    schedulers: () => 2,
  });
  server = await HttpServer.start({
    port: 0,
    metrics,
    healthy: () => problem,
    ready: () => problem && `not ready: ${problem}`,
  });
});
afterEach(() => server.close());

async function get(path: string, method = 'GET'): Promise<{ code: number; text: string }> {
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  return { code: answer.status, text: await answer.text() };
}

test('health and readiness answer 200, and 503 with the problem in words', async () => {
  expect(await get('/healthz')).toEqual({ code: 200, text: 'ok\n' });
  expect(await get('/readyz?verbose')).toEqual({ code: 200, text: 'ok\n' });
  problem = 'a watch is silent';
  expect(await get('/healthz')).toEqual({ code: 503, text: 'a watch is silent\n' });
  expect(await get('/readyz')).toEqual({ code: 503, text: 'not ready: a watch is silent\n' });
});

test('anything else is refused', async () => {
  expect((await get('/')).code).toBe(404);
  expect((await get('/constructor')).code).toBe(404);
  expect((await get('/metrics', 'POST')).code).toBe(405);
});

test('metrics count what happened and read what is', async () => {
  metrics.leftPhase('Starting', 1.2);
  metrics.runEnded('Failed', 'FlowFailed');
  metrics.attemptEnded('Failed', 'Flow');
  metrics.scaled('up');
  metrics.reconciled('success', 0.004);
  metrics.requested('POST', 201, 0.02);
  const { text } = await get('/metrics');
  for (const line of [
    'flowrun_phase_seconds_bucket{le="2",phase="Starting"} 1',
    'flowrun_runs_total{outcome="Failed",reason="FlowFailed"} 1',
    'flowrun_attempts_total{outcome="Failed",class="Flow"} 1',
    'flowrun_scaling_decisions_total{direction="up"} 1',
    'flowrun_reconcile_seconds_count{result="success"} 1',
    'flowrun_api_request_seconds_count{verb="POST",code="201"} 1',
    'flowrun_queue_depth 3',
    'flowrun_waiting_runs 4',
    'flowrun_queue_age_seconds 0.5',
    'flowrun_watch_age_seconds 12',
    'flowrun_leader 1',
    'flowrun_schedulers 2',
  ])
    expect(text).toContain(`${line}\n`);
});

test('every metric that is documented is served, and no other of ours', async () => {
  const { text } = await get('/metrics');
  const served = [...text.matchAll(/^# TYPE (flowrun_\w+) (\w+)$/gm)];
  const documented = Object.entries(FAMILIES).map(([name, { type }]) => [name, type]);
  expect(Object.fromEntries(served.map(([, name, type]) => [name, type]))).toEqual(
    Object.fromEntries(documented),
  );
});

test('reasons that a user makes up cannot grow the metrics without bound', async () => {
  for (let each = 0; each < 500; each++) metrics.runEnded('Failed', `Reason${each}`);
  const { text } = await get('/metrics');
  expect(text.match(/^flowrun_runs_total\{/gm)).toHaveLength(101);
  expect(text).toContain('flowrun_runs_total{outcome="Failed",reason="Other"} 400\n');
});
