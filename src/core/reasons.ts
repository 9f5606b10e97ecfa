/** Ends that the operator itself names. Those of the launcher (FlowFailed, …) arrive in its report. */
export const REASONS = {
  Succeeded: { class: 'Flow', final: true },
  Cancelled: { class: 'Flow', final: true },
  Suspended: { class: 'Flow', final: false },
  DeadlineExceeded: { class: 'Flow', final: true },
  StartDeadlineExceeded: { class: 'Infrastructure', final: true },
  PodRefused: { class: 'Spec', final: true },
  ImageUnusable: { class: 'Spec', final: true },
  FlowFailed: { class: 'Flow', final: false },
  FlowOutOfMemory: { class: 'Flow', final: false },
  FlowPodLost: { class: 'Infrastructure', final: false },
  SchedulerLost: { class: 'Infrastructure', final: false },
  SchedulerOutOfMemory: { class: 'Infrastructure', final: false },
  SchedulerFailed: { class: 'Infrastructure', final: false },
  WorkersFailed: { class: 'Spec', final: true },
  WorkerOutOfMemory: { class: 'Flow', final: false },
  WorkerCrashed: { class: 'Flow', final: false },
  WorkersOutOfMemory: { class: 'Spec', final: true },
} as const satisfies Record<string, { class: 'Flow' | 'Spec' | 'Infrastructure'; final: boolean }>;

export type Reason = keyof typeof REASONS;

export function isReason(text: string): text is Reason {
  return Object.hasOwn(REASONS, text);
}

/** Kubelet reasons for which waiting cannot help: the name is malformed, or the policy forbids a pull. */
export const FATAL_WAITING: ReadonlySet<string> = new Set(['InvalidImageName', 'ErrImageNeverPull']);

/** What the kubelet says of a container that would be root in a pod that may not. */
export const AS_ROOT = /runAsNonRoot|non-root policy/;

/** Kubelet reasons that say the image cannot be had at present. */
export const IMAGE_WAITING: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'RegistryUnavailable',
  'SignatureValidationFailed',
  ...FATAL_WAITING,
]);

/** Kubelet reasons that show a container is not merely being prepared. */
export const STUCK_WAITING: ReadonlySet<string> = new Set([
  ...IMAGE_WAITING,
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'CrashLoopBackOff',
]);
