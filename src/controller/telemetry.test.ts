import { expect, test } from 'vitest';
import type { FlowRunStatus } from '../api/status.ts';
import { Metrics } from '../ops/metrics.ts';
import { Telemetry } from './telemetry.ts';

const at = '2026-01-01T00:00:00Z';
const cluster = (desired: number) => ({ workers: { desired } });
const HISTORY: [FlowRunStatus, number][] = [
  [{}, 0],
  [{ phase: 'Starting', attempt: 1, attempts: [{ number: 1, startTime: at }], cluster: cluster(1) }, 1_000],
  [{ phase: 'Running', attempt: 1, attempts: [{ number: 1, startTime: at }], cluster: cluster(1) }, 4_000],
  [{ phase: 'Running', attempt: 1, attempts: [{ number: 1, startTime: at }], cluster: cluster(4) }, 5_000],
  [
    {
      phase: 'Failed',
      reason: 'FlowFailed',
      attempt: 1,
      attempts: [{ number: 1, startTime: at, endTime: at, outcome: 'Failed', class: 'Flow' }],
      conditions: [
        { type: 'Failed', status: 'True', reason: 'FlowFailed', message: '', lastTransitionTime: at },
      ],
      cluster: cluster(4),
    },
    14_000,
  ],
];

test('a run is counted once: its phases, its scaling, its attempt and its end', async () => {
  const metrics = new Metrics({
    waiting: () => 0,
    queueDepth: () => 0,
    queueAgeSeconds: () => 0,
    watchAgeSeconds: () => 0,
    leads: () => true,
    schedulers: () => 0,
  });
  const telemetry = new Telemetry(metrics);
  for (const [index, [after, now]] of HISTORY.entries()) {
    const before = HISTORY[index - 1]?.[0];
    if (before !== undefined) telemetry.committed('ns/run', before, after, now);
  }
  const text = await metrics.text();
  for (const line of [
    'flowrun_phase_seconds_sum{phase="Starting"} 3',
    'flowrun_phase_seconds_sum{phase="Running"} 10',
    'flowrun_scaling_decisions_total{direction="up"} 1',
    'flowrun_attempts_total{outcome="Failed",class="Flow"} 1',
    'flowrun_runs_total{outcome="Failed",reason="FlowFailed"} 1',
  ])
    expect(text).toContain(`${line}\n`);
  expect(text).not.toContain('flowrun_phase_seconds_count{phase="Pending"}');
});
