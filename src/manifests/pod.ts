import { type PodRole, type RunRef, type WorkerRef, childName } from '../core/names.ts';
import { FILES_PATH, type PodTemplate, SOURCE_PATH } from '../core/pod-template.ts';
import type { Resolved, Resources } from '../core/resolved.ts';
import type { PodManifest } from './object.ts';
import { overlay } from './overlay.ts';
import { childMetadata } from './owner.ts';
import { sourceKey } from './source.ts';
import { tlsParts } from './tls.ts';

export interface Variable {
  name: string;
  [key: string]: unknown;
}

/** What one role's pod has beyond what all share. */
export interface PodParts {
  role: PodRole;
  worker?: WorkerRef;
  image: string;
  command: string[];
  /** The operator's own variables: nobody overrides them. */
  env: Variable[];
  /** Variables that yield to those of the user. */
  defaultEnv?: Variable[];
  /** The role's variables of the user, which win over those of all pods. */
  userEnv?: readonly Variable[];
  resources: Resources;
  gracePeriodSeconds: number;
  templates: readonly PodTemplate[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  spec?: Record<string, unknown>;
  container?: Record<string, unknown>;
}

const FILES_VOLUME = 'flowrun-files';
const SOURCE_VOLUME = 'flowrun-source';

/** The eviction of one of these pods ends the attempt. */
export const DO_NOT_DISRUPT = {
  'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
  'karpenter.sh/do-not-disrupt': 'true',
} as const;

/** A bare pod that runs once: operator defaults, under the typed fields of the spec, under its templates. */
export function pod(run: RunRef, attempt: number, resolved: Resolved, parts: PodParts): PodManifest {
  const { pods, flow } = resolved;
  const { role } = parts;
  const tls = tlsParts(run, attempt, resolved, role);
  const metadata = childMetadata(run, attempt, role, parts.worker);
  const files = childName(run, attempt, 'files');
  // The scheduler has the user's code too: newer releases of Dask unpickle the task graph there.
  const { source } = flow;
  const sourceVolume =
    source === null
      ? []
      : 'inline' in source
        ? [
            {
              name: SOURCE_VOLUME,
              configMap: {
                name: files,
                items: source.inline.map((path, index) => ({ key: sourceKey(index), path })),
              },
            },
          ]
        : [{ name: SOURCE_VOLUME, configMap: { name: source.configMap } }];

  const manifest: PodManifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      labels: { ...pods.labels, ...parts.labels, ...metadata.labels },
      annotations: {
        ...(role === 'worker' ? {} : DO_NOT_DISRUPT),
        ...pods.annotations,
        ...parts.annotations,
      },
    },
    spec: defined({
      restartPolicy: 'Never',
      enableServiceLinks: false,
      automountServiceAccountToken: role === 'flow' && pods.serviceAccountName !== undefined,
      serviceAccountName: pods.serviceAccountName,
      terminationGracePeriodSeconds: parts.gracePeriodSeconds,
      imagePullSecrets: pods.imagePullSecrets,
      nodeSelector: pods.nodeSelector,
      tolerations: pods.tolerations,
      affinity: pods.affinity,
      priorityClassName: pods.priorityClassName,
      securityContext: { seccompProfile: { type: 'RuntimeDefault' }, ...pods.securityContext },
      ...parts.spec,
      containers: [
        defined({
          name: role,
          image: parts.image,
          imagePullPolicy: pods.imagePullPolicy,
          command: parts.command,
          env: variables(
            identity(run, attempt),
            parts.env,
            tls.env,
            parts.userEnv ?? [],
            pods.env ?? [],
            parts.defaultEnv ?? [],
          ),
          envFrom: pods.envFrom,
          resources: parts.resources,
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          terminationMessagePolicy: 'FallbackToLogsOnError',
          volumeMounts: [
            { name: FILES_VOLUME, mountPath: FILES_PATH, readOnly: true },
            ...(source === null ? [] : [{ name: SOURCE_VOLUME, mountPath: SOURCE_PATH, readOnly: true }]),
            ...tls.volumeMounts,
            ...(pods.volumeMounts ?? []),
          ],
          ...parts.container,
        }),
      ],
      volumes: [
        { name: FILES_VOLUME, configMap: { name: files } },
        ...sourceVolume,
        ...tls.volumes,
        ...(pods.volumes ?? []),
      ],
    }),
  };
  return overlay(manifest, parts.templates);
}

/** Who the pod is. Its own IP and name come from the downward API. */
function identity(run: RunRef, attempt: number): Variable[] {
  const field = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });
  return [
    { name: 'FLOWRUN_NAME', value: run.name },
    { name: 'FLOWRUN_NAMESPACE', value: run.namespace },
    { name: 'FLOWRUN_UID', value: run.uid },
    { name: 'FLOWRUN_ATTEMPT', value: String(attempt) },
    { name: 'FLOWRUN_POD_NAME', ...field('metadata.name') },
    { name: 'FLOWRUN_POD_IP', ...field('status.podIP') },
  ];
}

/** Variables by name; of a name that comes twice, the first. The user's come last, so that they may refer to ours. */
function variables(...lists: (readonly Variable[])[]): Variable[] {
  const byName = new Map<string, Variable>();
  for (const variable of lists.flat()) {
    if (!byName.has(variable.name)) byName.set(variable.name, variable);
  }
  return [...byName.values()];
}

/** Without what is undefined: absent and undefined are the same JSON, but not the same object. */
function defined(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
