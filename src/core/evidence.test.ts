import { expect, test } from 'vitest';
import { decide } from './decide.ts';
import { NOW, observed, pod } from './observed.fixture.ts';

/** What is decided of a run whose flow pod was deleted and may be on its node until then. */
function withFlowGoingUntil(goneAt: number) {
  const scene = observed({ ordinals: [[], []], scheduler: { kind: 'none' } });
  const flow = pod('flow', 'running', { terminating: true, goneAt });
  return decide({ ...scene, children: { ...scene.children, flow } });
}

test('a flow pod that was deleted has the time that its node is given to end it', () => {
  const decision = withFlowGoingUntil(NOW + 1);
  expect(decision).not.toMatchObject({ kind: 'commit', why: expect.stringContaining('ended') });
  expect(decision).toMatchObject({ kind: 'act', wakeAt: NOW + 1 });
});

test('a flow pod whose node never confirms its end is lost', () => {
  expect(withFlowGoingUntil(NOW)).toMatchObject({ kind: 'commit', why: 'attempt 1 ended: FlowPodLost' });
});
