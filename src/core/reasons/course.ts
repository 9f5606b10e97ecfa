import { type Entry, NOTHING } from './entry.ts';

/** What a run says on its way, in the REASON column while nothing is wrong. */
export const COURSE = {
  Queued: {
    meaning:
      'As many runs go on as `maxConcurrentRuns` or `maxConcurrentRunsPerNamespace` allow. `status.queue` has the place in line.',
    advice:
      'Nothing: runs begin in the order of their creation. Whoever runs the operator can raise the limit.',
  },
  Starting: {
    meaning: 'Pods were asked for, and the flow does not run yet.',
    advice:
      "If it takes long: `flowrun explain`, or `kubectl describe pod` of the run's pods. `spec.startDeadlineSeconds` bounds it.",
  },
  Running: {
    meaning: "The flow runs; a cluster of the run's own has answered and has a worker if any is wanted.",
    advice: NOTHING,
  },
} as const satisfies Record<string, Entry>;
