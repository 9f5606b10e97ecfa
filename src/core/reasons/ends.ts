import { type Class, type Entry, NOTHING } from './entry.ts';

const AGAIN = 'Set `spec.retry.limit` and such an attempt is followed by another.';

/** How the operator itself says that an attempt ended. `final`: no retry, whatever the policy says. */
export const OPERATOR_ENDS = {
  Succeeded: {
    class: 'Flow',
    final: true,
    meaning: 'The flow returned, or its command exited with code 0.',
    advice: NOTHING,
  },
  Cancelled: {
    class: 'Flow',
    final: true,
    meaning: '`spec.cancel` was set. A flow that ran was given its grace period.',
    advice: 'Nothing; to run the flow again, create a new FlowRun.',
  },
  Suspended: {
    class: 'Flow',
    final: false,
    meaning: '`spec.suspend` is set. Nothing of the run lives; an attempt that ran was stopped.',
    advice: 'Set `spec.suspend: false` to go on with a new attempt.',
  },
  DeadlineExceeded: {
    class: 'Flow',
    final: true,
    meaning: 'All attempts and the waits between them took longer than `spec.activeDeadlineSeconds`.',
    advice: 'Raise it if the run may take longer; give the cluster more workers if it should not.',
  },
  StartDeadlineExceeded: {
    class: 'Infrastructure',
    final: true,
    meaning:
      'The flow did not run, or no worker joined, within `spec.startDeadlineSeconds`. The message names the pod that waits and what for. Another attempt would wait for the same, so there is none.',
    advice:
      'Remove the obstacle: ask for fewer resources, add nodes, create the missing ConfigMap, Secret or claim. Raise the deadline where nodes or images just take long. `spec.cleanup.clusterAfterFailureSeconds` keeps the pods for a look.',
  },
  PodRefused: {
    class: 'Spec',
    final: true,
    meaning: 'The API server refuses a pod of the run for good: it is invalid, or a policy forbids it.',
    advice:
      'Correct the field that the message names. Where it names a policy (pod security, an admission webhook), meet it with `spec.flow.securityContext` or a template, or ask whoever runs the cluster.',
  },
  ImageUnusable: {
    class: 'Spec',
    final: true,
    meaning:
      'An image cannot be fetched, or its container may not start, as with one that would be root where that is forbidden.',
    advice:
      'Correct `spec.flow.image` or `clusterKwargs.image`, give `spec.flow.imagePullSecrets`, or a user that is not root by `spec.flow.securityContext`.',
  },
  FlowFailed: {
    class: 'Flow',
    final: false,
    meaning:
      'The flow raised an exception, a task of it failed, or its command exited with another code than 0. The message has the exception and where it was raised, or the last lines that the command wrote.',
    advice:
      'Correct the flow; `kubectl logs` of the flow pod has all of it. With `spec.retry.when: Any` such an attempt is followed by another.',
  },
  FlowOutOfMemory: {
    class: 'Flow',
    final: false,
    meaning:
      'The container of the flow needed more memory than its limit, and was killed, or a process of its command was.',
    advice:
      'Raise `spec.flow.resources.limits.memory`, or leave data on the workers instead of collecting it in the flow.',
  },
  FlowPodLost: {
    class: 'Infrastructure',
    final: false,
    meaning:
      'The flow pod was deleted, evicted or preempted, or its node is gone, before the flow had ended. Whether the flow had done its work is unknown.',
    advice: `${AGAIN} A flow that is repeated must bear to have run halfway before.`,
  },
  SchedulerLost: {
    class: 'Infrastructure',
    final: false,
    meaning: 'The pod of the Dask scheduler was deleted while the flow ran.',
    advice: AGAIN,
  },
  SchedulerOutOfMemory: {
    class: 'Infrastructure',
    final: false,
    meaning: 'The Dask scheduler needed more memory than its limit.',
    advice: 'Raise `clusterKwargs.scheduler_resources.limits.memory`, or make fewer and larger tasks.',
  },
  SchedulerFailed: {
    class: 'Infrastructure',
    final: false,
    meaning:
      'The Dask scheduler ended with an error, or its pod was evicted. The message has its last words.',
    advice:
      'If it never starts, check that the image has `distributed`, and `clusterKwargs.scheduler_pod_template`. If its pod was evicted, set `spec.retry.limit`.',
  },
  WorkersFailed: {
    class: 'Spec',
    final: true,
    meaning:
      'Workers ended again and again: three before any had joined, or ten times as many as there should be. The message has the last words of one.',
    advice:
      'Check the image (it needs `distributed`), `clusterKwargs.worker_command` and the worker templates.',
  },
  WorkersOutOfMemory: {
    class: 'Spec',
    final: true,
    meaning: 'Workers were killed again and again because they needed more memory than their limit.',
    advice: 'Raise `clusterKwargs.memory_limit`, or give each task less.',
  },
  WorkerOutOfMemory: {
    class: 'Flow',
    final: false,
    meaning:
      'Dask gave up a task under which workers died (`KilledWorker`), and the last one was killed for lack of memory.',
    advice: 'Raise `clusterKwargs.memory_limit`, or give each task less: more partitions, fewer columns.',
  },
  WorkerCrashed: {
    class: 'Flow',
    final: false,
    meaning:
      'Dask gave up a task under which workers died (`KilledWorker`), and the process of the last one ended by itself.',
    advice:
      'The task ends the interpreter: look for a crash in compiled code, or for `os._exit`, and run the task alone.',
  },
} as const satisfies Record<string, Entry & { class: Class; final: boolean }>;

export type OperatorEnd = keyof typeof OPERATOR_ENDS;

export function isOperatorEnd(text: string): text is OperatorEnd {
  return Object.hasOwn(OPERATOR_ENDS, text);
}
