import type { Class, Entry } from './entry.ts';

const OF_FLOW = 'Give the parameter in `spec.flow.parameters` as the message says.';

/** Ends that only the launcher in the flow pod can name. Its report brings them, with their class. */
export const LAUNCHER_ENDS = {
  BadEntrypoint: {
    class: 'Spec',
    meaning: '`spec.flow.entrypoint` names no object.',
    advice: 'Write `path/file.py:object` or `package.module:object`.',
  },
  EntrypointNotFound: {
    class: 'Spec',
    meaning: 'There is no file or module of that name, neither in the image nor among the sources.',
    advice:
      'Compare with what the message lists. A relative path is looked for among the sources of `spec.flow.source`, then in the working directory of the image.',
  },
  ObjectNotFound: {
    class: 'Spec',
    meaning: 'The file or module has no object of that name.',
    advice: 'Write one of those that the message lists.',
  },
  NotRunnable: {
    class: 'Spec',
    meaning: 'The object of the entrypoint is neither a Prefect flow nor a callable.',
    advice: 'Name a flow or a function.',
  },
  EntrypointHidesModule: {
    class: 'Spec',
    meaning: 'The file is called like a module that Dask or Prefect needs, and would be imported instead.',
    advice: 'Rename the file.',
  },
  SyntaxError: {
    class: 'Spec',
    meaning: 'The file of the entrypoint, or one that it imports, is not Python of this version.',
    advice: 'Correct the line that the message shows, or use an image with the right Python.',
  },
  ImportError: {
    class: 'Spec',
    meaning: 'A module that the flow imports is missing, or could not be imported.',
    advice: 'Add the package to the image, or the file to `spec.flow.source`.',
  },
  EntrypointFailed: {
    class: 'Spec',
    meaning: 'The file of the entrypoint raised an exception while it was loaded, before any flow ran.',
    advice: 'Correct it where the message says; what may fail belongs into the flow.',
  },
  UnknownParameter: {
    class: 'Spec',
    meaning: '`spec.flow.parameters` has a name that the flow does not take.',
    advice: 'Write one of those that the message lists.',
  },
  MissingParameter: {
    class: 'Spec',
    meaning: 'The flow needs a parameter that `spec.flow.parameters` does not have.',
    advice: OF_FLOW,
  },
  BadParameter: {
    class: 'Spec',
    meaning: 'The value of a parameter does not fit the type that the flow asks for.',
    advice: OF_FLOW,
  },
  CommandNotFound: {
    class: 'Spec',
    meaning: 'The image has no program of the name that `spec.flow.command` begins with.',
    advice: 'Correct the name, give the full path, or add the program to the image.',
  },
  CommandFailed: {
    class: 'Spec',
    meaning: 'The program of `spec.flow.command` is there and cannot be started.',
    advice:
      'Make the file executable for the user of the pod, or start it by its interpreter: `command: [sh, script.sh]`.',
  },
  UnknownExecutor: {
    class: 'Spec',
    meaning: '`spec.executor.type` is none that the launcher knows.',
    advice: 'Write `LocalExecutor`, `LocalDaskExecutor` or `DaskExecutor`.',
  },
  UnknownScheduler: {
    class: 'Spec',
    meaning:
      "`spec.executor.scheduler` is none of Dask's local schedulers, or this Prefect has none like it.",
    advice: 'Write `threads`, `processes` or `synchronous`.',
  },
  DaskMissing: {
    class: 'Spec',
    meaning: 'The executor needs Dask, and the image has none.',
    advice: 'Add `distributed` to the image.',
  },
  PrefectDaskMissing: {
    class: 'Spec',
    meaning: 'A flow of Prefect 2 or 3 needs `prefect-dask` for its DaskExecutor, and the image has none.',
    advice: 'Add `prefect-dask` to the image.',
  },
  BadClientKwargs: {
    class: 'Spec',
    meaning: '`spec.executor.clientKwargs` has an argument that `distributed.Client` does not take.',
    advice:
      'Write what the message lists. Files that `security` names must be mounted into the flow pod by `spec.flow.volumes`.',
  },
  ClusterClassNotFound: {
    class: 'Spec',
    meaning: '`spec.executor.clusterClass` could not be imported, or is nothing that can be called.',
    advice: 'Correct the path (`module.Class`), or add the package to the image.',
  },
  ClusterFailed: {
    class: 'Infrastructure or Spec',
    meaning:
      "The class of `spec.executor.clusterClass` could not make a cluster, or the workers could not be prepared. A wrong argument is the spec's fault, anything else the infrastructure's.",
    advice: 'Correct `clusterKwargs` or `adaptKwargs` as the message says, or see to what the class needs.',
  },
  VersionMismatch: {
    class: 'Spec',
    meaning:
      'Scheduler or workers have another Python than the flow, so that what the flow pickles cannot run there.',
    advice:
      'Use one image for flow and cluster, or set `clusterKwargs.allow_version_mismatch: true` if nothing is pickled.',
  },
  SchedulerUnreachable: {
    class: 'Infrastructure',
    meaning: 'The Dask scheduler did not answer the flow in time, or refused it.',
    advice:
      "With `spec.executor.address`, check the address and whether a NetworkPolicy is in the way. With a cluster of the run's own, look at the log of its scheduler pod; `spec.cleanup.clusterAfterFailureSeconds` keeps it.",
  },
  NoWorkers: {
    class: 'Infrastructure',
    meaning: 'No worker joined the scheduler before plain Python code needed one.',
    advice:
      'See the condition `WorkersPending` for what they wait for, and the logs of the worker pods; `spec.cleanup.clusterAfterFailureSeconds` keeps them.',
  },
  KilledWorker: {
    class: 'Infrastructure',
    meaning:
      'Dask gave up a task because several workers died under it, and their pods were taken away or nothing is known of their ends.',
    advice:
      'Set `spec.retry.limit`. If it happens again, see `status.cluster.workers.lost`, and raise `clusterKwargs.memory_limit`.',
  },
  PrefectApiFailed: {
    class: 'Infrastructure',
    meaning: 'The API server of Prefect 2 or 3, which the launcher starts beside the flow, did not start.',
    advice:
      'The message has its last words. It needs memory beside the flow, and starts faster from a migrated database in the image. `PREFECT_API_URL` in `spec.flow.env` uses one of your own.',
  },
  LauncherFailed: {
    class: 'Flow',
    meaning: 'The launcher itself failed: a defect of FlowRun, or something in the image that breaks it.',
    advice: 'Try the flow in one of the images of this repository; report it with the log of the flow pod.',
  },
} as const satisfies Record<string, Entry & { class: Class | 'Infrastructure or Spec' }>;
