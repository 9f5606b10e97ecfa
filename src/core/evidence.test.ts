import { expect, test } from 'vitest';
import { decide } from './decide.ts';
import { NOW, observed, pod } from './observed.fixture.ts';

/** What is decided of a run whose flow pod was deleted and may be on its node until then. */
function withFlowGoingUntil(goneAt: number, limit = 0) {
  const scene = observed({ ordinals: [[], []], scheduler: { kind: 'none' } });
  const run = { ...scene.run, retry: { ...scene.run.retry, limit } };
  const flow = pod('flow', 'running', { terminating: true, goneAt });
  return decide({ ...scene, run, children: { ...scene.children, flow } });
}

test('a flow pod that was deleted has the time that its node is given to end it', () => {
  const decision = withFlowGoingUntil(NOW + 1);
  expect(decision).not.toMatchObject({ kind: 'commit', why: expect.stringContaining('ended') });
  expect(decision).toMatchObject({ kind: 'act', wakeAt: NOW + 1 });
});

test('a flow pod whose node never confirms its end is lost', () => {
  expect(withFlowGoingUntil(NOW)).toMatchObject({ kind: 'commit', why: 'attempt 1 ended: FlowPodLost' });
});

test.each([
  ['is advised where the spec has none', 0, /Set spec\.retry\.limit/],
  ['is not where there will be one', 1, /is unknown\.$/],
])('another attempt after a lost flow pod %s', (_, limit, message) => {
  expect(withFlowGoingUntil(NOW, limit)).toMatchObject({
    status: { message: expect.stringMatching(message) },
  });
});
