import type { ConditionType } from '../../api/conditions.ts';
import { type Entry, NOTHING } from './entry.ts';

const OWN_WAY =
  'Leave it out; [executors.md](executors.md) says which arguments have no meaning here and why.';

/** Reasons of conditions, beside those that are the end or the course of a run, by type and status. */
export const CONDITIONS = {
  Accepted: {
    True: { Accepted: { meaning: 'The spec can be run.', advice: NOTHING } },
  },
  CleanedUp: {
    True: {
      CleanedUp: {
        meaning: 'Only finished flow pods are left of the run, with their logs.',
        advice: NOTHING,
      },
    },
  },
  Suspended: {
    False: {
      Resumed: { meaning: '`spec.suspend` was lifted.', advice: NOTHING },
      Finished: { meaning: 'The run ended while it was suspended.', advice: NOTHING },
    },
  },
  ExecutorArguments: {
    True: {
      IgnoredExecutorField: { meaning: 'A field of `spec.executor` has no effect.', advice: OWN_WAY },
      IgnoredClusterKwarg: { meaning: 'An argument in `clusterKwargs` has no effect.', advice: OWN_WAY },
      WorkersCapped: {
        meaning: "The spec asks for more workers than the operator's `workersPerRun` allows.",
        advice: 'Ask for fewer, or ask whoever runs the operator to raise it.',
      },
      FlowExecutorReplaced: {
        meaning:
          'The flow has an executor or task runner of its own, and `spec.executor` was used instead of it.',
        advice: 'Remove the one that is not meant.',
      },
    },
  },
  ClusterUnused: {
    True: {
      NoTask: {
        meaning: 'The flow succeeded and never gave its cluster a task.',
        advice:
          'In Prefect 2 and 3 call tasks with `.submit()` or `.map()`; in plain code use `dask.compute()` or `Client()`. A flow that needs no cluster needs no DaskExecutor.',
      },
    },
  },
  VersionMismatch: {
    True: {
      SchedulerVersionsDiffer: {
        meaning: 'The scheduler has other versions of Python or Dask than the flow.',
        advice: 'Use one image for flow and cluster.',
      },
      WorkerVersionsDiffer: {
        meaning: 'A worker has other versions of Python or Dask than the flow.',
        advice: 'Use one image for flow and cluster.',
      },
    },
  },
  Scaling: {
    True: { Adapting: { meaning: 'The cluster is scaled with its work.', advice: NOTHING } },
    False: {
      SchedulerSilent: {
        meaning:
          'The Dask scheduler does not answer the operator; the cluster keeps its size, and what the status tells of workers and tasks is old.',
        advice:
          "If it lasts: a scheduler that computes for long does not answer; see its log, its CPU limit, and NetworkPolicies between the operator and the run's namespace.",
      },
      FixedSize: {
        meaning: 'The cluster has a fixed size, and its scheduler answers again.',
        advice: NOTHING,
      },
      SpecRefused: {
        meaning:
          'The operator was started anew with other settings, under which it would not begin this run; the run goes on with the workers it has.',
        advice: 'Undo the setting that the message names, or wait for the run to end.',
      },
      DryRun: {
        meaning: '`adaptKwargs.dry_run`: what scaling would do is told in `status.scaling`, and not done.',
        advice: 'Remove `dry_run` when you like what you see.',
      },
    },
  },
  WorkersPending: {
    False: { Started: { meaning: 'No worker waits to start.', advice: NOTHING } },
    True: {
      MaximumReached: {
        meaning:
          "Tasks wait for a worker of their group, and the workers of other groups fill the run's maximum: the groups take turns.",
        advice:
          'Raise `adaptKwargs.maximum` to at least the number of groups that have work at the same time.',
      },
      QuotaExceeded: {
        meaning: 'A ResourceQuota of the namespace lets no further worker in; it is asked again every while.',
        advice: 'Wait for others to end, ask for less, or have the quota raised.',
      },
    },
  },
  UnsatisfiableResources: {
    False: { Satisfiable: { meaning: 'There is a kind of worker for every task.', advice: NOTHING } },
    True: {
      NoSuchWorker: {
        meaning:
          'Tasks ask for Dask resources that no kind of worker of this run has, so they wait for ever.',
        advice: "Give a worker group those `resources`, or correct the task's annotation.",
      },
    },
  },
} as const satisfies Partial<Record<ConditionType, Partial<Record<'True' | 'False', Record<string, Entry>>>>>;

type Keys<T> = T extends unknown ? keyof T : never;
type Statuses = (typeof CONDITIONS)[keyof typeof CONDITIONS];
type Sets<T> = T extends unknown ? T[keyof T] : never;

export type ConditionReason = Keys<Sets<Statuses>>;

/** What is odd about a spec that can be run. */
export interface Warning {
  reason: keyof (typeof CONDITIONS)['ExecutorArguments']['True'];
  message: string;
}
