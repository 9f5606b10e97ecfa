import type { FlowRunStatus } from '../api/status.ts';
import { NOTHING, type World } from './model-world.ts';

const SUSPENDED: FlowRunStatus = {
  phase: 'Suspended',
  attempt: 1,
  attempts: [
    {
      number: 1,
      startTime: '1970-01-01T00:00:00Z',
      endTime: '1970-01-01T00:00:00Z',
      outcome: 'Suspended',
    },
  ],
  conditions: [
    {
      type: 'Suspended',
      status: 'True',
      reason: 'Suspended',
      message: '',
      lastTransitionTime: '1970-01-01T00:00:00Z',
    },
  ],
};

/** Faults, suspension and cancel multiply: with a cluster each has a world of its own. */
export function initialWorlds(): { name: string; world: World }[] {
  const world: World = {
    status: {},
    pods: NOTHING,
    stale: NOTHING,
    time: 0,
    cancel: false,
    mayCancel: true,
    suspend: false,
    flips: 0,
    faults: 0,
    late: false,
    stray: false,
    cluster: false,
    retries: 0,
    crowded: false,
    crowds: 0,
    made: false,
    lost: false,
    reported: false,
    flowStarts: {},
  };
  const cluster = { ...world, cluster: true };
  const waiting = { ...world, crowded: true, crowds: 1, faults: 9 };
  return [
    { name: 'a LocalExecutor run', world },
    { name: 'a LocalExecutor run with a retry', world: { ...world, retries: 1 } },
    { name: 'a run that waits for a slot and may be cancelled', world: { ...waiting, flips: 9 } },
    {
      name: 'a resumed run that waits for a slot',
      world: { ...waiting, mayCancel: false, suspend: true, status: SUSPENDED },
    },
    { name: 'a DaskExecutor run that is cancelled', world: { ...cluster, flips: 9, faults: 9 } },
    { name: 'a DaskExecutor run that is suspended', world: { ...cluster, mayCancel: false, faults: 9 } },
    { name: 'a DaskExecutor run on a failing cluster', world: { ...cluster, mayCancel: false, flips: 9 } },
  ];
}
