import { z } from 'zod';

import { withRules } from './rule.ts';
import {
  freeForm,
  int32,
  intOrString,
  list,
  listMap,
  MANY,
  mapOf,
  nonEmpty,
  text,
  textMap,
} from './schema.ts';

const keyReference = z.strictObject({
  name: nonEmpty(253).describe('Name of the ConfigMap or Secret.'),
  optional: z.boolean().describe('Do not fail when it does not exist.').optional(),
});

const key = z.strictObject({
  name: nonEmpty(253).describe('Name of the Secret or ConfigMap.'),
  key: nonEmpty(253).describe('The key in it.'),
  optional: z.boolean().describe('Do not fail when it does not exist.').optional(),
});

const valueSource = z.strictObject({
  secretKeyRef: key.describe('A key of a Secret.').optional(),
  configMapKeyRef: key.describe('A key of a ConfigMap.').optional(),
  fieldRef: z
    .strictObject({
      fieldPath: nonEmpty(512).describe('For example `metadata.name` or `status.podIP`.'),
      apiVersion: text(32).describe('As in a Pod.').optional(),
    })
    .describe('A field of the pod.')
    .optional(),
  resourceFieldRef: z
    .strictObject({
      resource: nonEmpty(253).describe('For example `limits.cpu`.'),
      containerName: text(63).describe('As in a Pod.').optional(),
      divisor: intOrString(64).describe('As in a Pod.').optional(),
    })
    .describe('A resource of the container.')
    .optional(),
});

const environmentVariable = withRules(
  z.strictObject({
    name: nonEmpty(256).describe('Name of the variable.'),
    value: text(32768)
      .describe('Its value, a string. Quote numbers and booleans: `"1"`, `"true"`.')
      .optional(),
    valueFrom: valueSource.describe('Where to take the value from instead.').optional(),
  }),
  [
    {
      rule: '!(has(self.value) && has(self.valueFrom))',
      message: 'give either `value` or `valueFrom`, not both',
      check: (variable) => variable.value === undefined || variable.valueFrom === undefined,
    },
  ],
);

const toleration = z.strictObject({
  key: text(317).describe('Taint key; empty with `operator: Exists` matches every taint.').optional(),
  operator: text(16)
    .describe('`Exists`, `Equal` (the default) or another operator your cluster knows.')
    .optional(),
  value: text(63).describe('Taint value.').optional(),
  effect: z
    .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
    .describe('Taint effect; absent means all.')
    .optional(),
  tolerationSeconds: z.int().describe('How long a `NoExecute` taint is tolerated, in seconds.').optional(),
});

const volumeSource = (text: string) => freeForm(16).describe(text).optional();

// Loose: Kubernetes knows more sources than these, and the API server judges the pod.
const volume = z.looseObject({
  name: nonEmpty(63).describe('Name of the volume, which `volumeMounts` refer to.'),
  persistentVolumeClaim: volumeSource('A PersistentVolumeClaim: `claimName`.'),
  secret: volumeSource('A Secret: `secretName`.'),
  configMap: volumeSource('A ConfigMap: `name`.'),
  emptyDir: volumeSource('An empty directory for the life of the pod: `{}`.'),
  projected: volumeSource('Several sources in one directory.'),
  downwardAPI: volumeSource('Fields of the pod as files.'),
  ephemeral: volumeSource('A volume claimed for the life of the pod.'),
  csi: volumeSource('A volume of a CSI driver.'),
  nfs: volumeSource('An NFS export: `server`, `path`.'),
  image: volumeSource('The content of an image.'),
  hostPath: volumeSource("A path of the node, if the operator's configuration allows it."),
});

const volumeMount = z.strictObject({
  name: nonEmpty(63).describe('Name of the volume.'),
  mountPath: nonEmpty(1024).describe('Where it appears in the container. `/flow` and `/flowrun` are taken.'),
  readOnly: z.boolean().describe('Mount it read-only.').optional(),
  subPath: text(1024).describe('Mount only this path of the volume.').optional(),
  subPathExpr: text(1024).describe('The same with `$(VARIABLE)` expanded.').optional(),
  mountPropagation: text(32).describe('As in a Pod.').optional(),
  recursiveReadOnly: text(32).describe('As in a Pod.').optional(),
});

const quantities = mapOf(intOrString(64), 32);

/** CPU, memory and other resources of one container. */
export const resources = z.strictObject({
  requests: quantities
    .describe('What the scheduler of Kubernetes reserves: `cpu: "500m"`, `memory: 2Gi`, `nvidia.com/gpu: 1`.')
    .optional(),
  limits: quantities.describe('What the container may use at most.').optional(),
});

/** Settings that hold for the flow pod, the scheduler and the workers alike. */
export const podSettings = {
  env: listMap(environmentVariable, 'name', MANY)
    .describe('Environment variables of flow, scheduler and workers.')
    .optional(),
  envFrom: list(
    z.strictObject({
      prefix: text(256).describe('Put before every name.').optional(),
      configMapRef: keyReference.describe('Every key of this ConfigMap becomes a variable.').optional(),
      secretRef: keyReference.describe('Every key of this Secret becomes a variable.').optional(),
    }),
    64,
  )
    .describe(
      'ConfigMaps and Secrets whose keys become environment variables of flow, scheduler and workers.',
    )
    .optional(),
  volumes: listMap(volume, 'name', 64)
    .describe('Volumes of the flow pod and the workers, as in a Pod.')
    .optional(),
  volumeMounts: listMap(volumeMount, 'mountPath', 64)
    .describe('Where the volumes are mounted in the flow container and the workers.')
    .optional(),
  labels: textMap(64, 63).describe('Labels put on every pod of the run.').optional(),
  annotations: textMap(64, 16384).describe('Annotations put on every pod of the run.').optional(),
  serviceAccountName: nonEmpty(253)
    .describe('ServiceAccount of the pods. Its token is mounted in the flow pod only.')
    .optional(),
  imagePullSecrets: listMap(
    z.strictObject({ name: nonEmpty(253).describe('Name of the Secret.') }),
    'name',
    32,
  )
    .describe('Secrets with the credentials for private image registries.')
    .optional(),
  imagePullPolicy: z
    .enum(['Always', 'IfNotPresent', 'Never'])
    .describe('When the node fetches the image.')
    .optional(),
  nodeSelector: textMap(64, 63).describe('Labels a node must have to run the pods.').optional(),
  tolerations: list(toleration, 64).describe('Taints of nodes that the pods put up with.').optional(),
  affinity: freeForm(3).describe('Affinity and anti-affinity, as in a Pod.').optional(),
  priorityClassName: nonEmpty(253).describe('PriorityClass of the pods.').optional(),
  securityContext: freeForm(32)
    .describe(
      'Security context of the pods (`runAsUser`, `fsGroup`, …), as in a Pod. What it leaves out is `runAsNonRoot: true` and `seccompProfile: {type: RuntimeDefault}`; an image whose user is root needs a `runAsUser`, or `runAsNonRoot: false` where root is allowed.',
    )
    .optional(),
  terminationGracePeriodSeconds: int32()
    .describe('Seconds the flow has to finish after it was told to stop.')
    .optional(),
};
