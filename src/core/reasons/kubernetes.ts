import type { Entry } from './entry.ts';

const IMAGE =
  'Correct the name of the image, or give `spec.flow.imagePullSecrets`; the pod tries again by itself.';

/** `fatal`: waiting cannot help. `image`: an image cannot be had. `stuck`: the kubelet is not merely preparing. */
interface Waiting extends Entry {
  fatal?: true;
  image?: true;
  stuck?: true;
}

/** What Kubernetes says of a pod that does not start. */
export const WAITING: Record<string, Waiting> = {
  Unschedulable: {
    meaning: 'No node has room for the pod, or none that it may go to.',
    advice: 'Ask for less, add nodes, or correct `nodeSelector`, `affinity` and `tolerations`.',
  },
  SchedulingGated: {
    meaning: 'Something holds the pod back from being scheduled.',
    advice: "Ask whoever set the gate; it is in the pod's `schedulingGates`.",
  },
  ErrImagePull: { image: true, stuck: true, meaning: 'The image could not be fetched.', advice: IMAGE },
  ImagePullBackOff: {
    image: true,
    stuck: true,
    meaning: 'The image could not be fetched several times, and is tried again later.',
    advice: IMAGE,
  },
  RegistryUnavailable: {
    image: true,
    stuck: true,
    meaning: 'The registry does not answer.',
    advice: 'Wait for it, or use another.',
  },
  SignatureValidationFailed: {
    image: true,
    stuck: true,
    meaning: "The node does not trust the image's signature.",
    advice: 'Use a signed image, or ask whoever runs the cluster.',
  },
  InvalidImageName: {
    fatal: true,
    image: true,
    stuck: true,
    meaning: 'What stands for an image is no name of one.',
    advice: 'Correct `spec.flow.image` or `clusterKwargs.image`.',
  },
  ErrImageNeverPull: {
    fatal: true,
    image: true,
    stuck: true,
    meaning: 'The node does not have the image, and `imagePullPolicy: Never` forbids to fetch it.',
    advice: 'Load the image onto the nodes, or use another policy.',
  },
  CreateContainerConfigError: {
    stuck: true,
    meaning:
      'A ConfigMap, Secret or key that a variable refers to is missing, or the container would be root.',
    advice: 'Create it, or correct the reference or the user in `securityContext`.',
  },
  CreateContainerError: {
    stuck: true,
    meaning: 'The container could not be made.',
    advice: "The message has the runtime's words; often a mount is wrong.",
  },
  RunContainerError: {
    stuck: true,
    meaning: 'The container could not be started.',
    advice: "The message has the runtime's words; often the image lacks `/bin/sh` or `python3`.",
  },
  CrashLoopBackOff: {
    stuck: true,
    meaning: "A container beside the operator's, from a template, ends again and again.",
    advice: 'See its log.',
  },
};

const those = (property: 'fatal' | 'image' | 'stuck'): ReadonlySet<string> =>
  new Set(Object.keys(WAITING).filter((reason) => WAITING[reason]?.[property] === true));

/** For which waiting cannot help: the name is malformed, or the policy forbids a pull. */
export const FATAL_WAITING = those('fatal');
/** That say the image cannot be had at present. */
export const IMAGE_WAITING = those('image');
/** That show a container is not merely being prepared. */
export const STUCK_WAITING = those('stuck');

/** What the kubelet says of a container that would be root in a pod that may not. */
export const AS_ROOT = /runAsNonRoot|non-root policy/;

/** What Kubernetes says of a pod that it took away. */
export const TAKEN: Record<string, Entry> = {
  Evicted: {
    meaning: 'The node ran short of memory or disk.',
    advice: 'Raise the requests, so that the pod gets a node with room: memory, `ephemeral-storage`.',
  },
  TerminationByKubelet: {
    meaning: 'The node ran short of something, was shut down, or needed the room for a critical pod.',
    advice: 'Set `spec.retry.limit`; raise the requests if it was memory or disk.',
  },
  PreemptionByScheduler: {
    meaning: 'A pod of higher priority needed the room.',
    advice: 'Set `spec.retry.limit`, or a higher `spec.flow.priorityClassName`.',
  },
  DeletionByTaintManager: {
    meaning: 'The node does not answer, or was tainted.',
    advice: 'Set `spec.retry.limit`.',
  },
  EvictionByEvictionAPI: {
    meaning: 'The node is being drained.',
    advice: 'Set `spec.retry.limit`, or wait with draining: a PodDisruptionBudget can hold it up.',
  },
  DeletionByPodGC: { meaning: 'The node is gone.', advice: 'Set `spec.retry.limit`.' },
  NodeLost: { meaning: 'The node does not answer.', advice: 'Set `spec.retry.limit`.' },
};
