import type { Entry } from './entry.ts';

const CORRECT = 'Correct what the message names; the run then goes on by itself.';

/** Why a spec cannot be run: `Accepted` is False, and the run waits for a better one. */
export const REFUSALS = {
  ImageMissing: {
    meaning: "`spec.flow.image` is missing, and the operator's configuration has no default.",
    advice: 'Write the image that holds what the flow needs.',
  },
  InvalidParameters: {
    meaning: 'YAML read the name of a parameter as a boolean (`y`, `n`, `on`, `off`).',
    advice: 'Quote it: `"y": 1`.',
  },
  TooLarge: {
    meaning: 'Parameters and inline sources are more than can be handed to the flow (700 KiB).',
    advice: 'Put data into a volume or an object store, and code into the image.',
  },
  InvalidResources: {
    meaning: '`spec.flow.resources` has something that is no quantity, or requests above limits.',
    advice: CORRECT,
  },
  InvalidKwargs: {
    meaning: '`spec.executor.kwargs` has an argument that the local scheduler does not take.',
    advice: CORRECT,
  },
  InvalidAddress: {
    meaning: '`spec.executor.address` is no address of a Dask scheduler.',
    advice: 'Write it like `tcp://scheduler.namespace:8786`.',
  },
  InvalidClusterClass: {
    meaning: '`spec.executor.clusterClass` is no path of a class.',
    advice: 'Write `module.Class`, or leave it out to have the operator make the cluster.',
  },
  InvalidClusterKwargs: {
    meaning: '`spec.executor.clusterKwargs` has an unknown argument or a wrong value.',
    advice: `${CORRECT} [executors.md](executors.md) lists all arguments.`,
  },
  InvalidAdaptKwargs: {
    meaning: '`spec.executor.adaptKwargs` has an unknown argument or a wrong value.',
    advice: `${CORRECT} [executors.md](executors.md) lists all arguments.`,
  },
  InvalidTemplate: {
    meaning: 'A pod template has what no pod has, or what the operator sets itself.',
    advice: CORRECT,
  },
  ReservedField: {
    meaning: 'A variable, label, annotation, volume or mount has a name that belongs to the operator.',
    advice: 'Use another name.',
  },
  PodPolicyViolated: {
    meaning: "The run asks for what the operator's `podPolicy` forbids: host paths, privilege and the like.",
    advice: 'Leave it out. [security.md](security.md) says what is forbidden and who can allow it.',
  },
  Unsupported: {
    meaning: 'The spec asks for something that this operator was told not to do.',
    advice: 'Leave it out, or ask whoever runs the operator.',
  },
} as const satisfies Record<string, Entry>;

export type Refusal = keyof typeof REFUSALS;
