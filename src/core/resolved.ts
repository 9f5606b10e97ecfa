import { z } from 'zod';

import { executor } from '../api/executor.ts';
import { podSettings, resources } from '../api/pod-settings.ts';
import { podTemplate } from './pod-template.ts';

const quantities = z.record(z.string(), z.union([z.int(), z.string()]));
const containerResources = z.object({ requests: quantities.optional(), limits: quantities.optional() });
const variable = z.looseObject({ name: z.string() });

/** One kind of worker. */
const group = z.object({
  name: z.string(),
  image: z.string(),
  /** The program and its first arguments; the operator's flags follow. Absent: distributed's own worker. */
  command: z.array(z.string()).optional(),
  threads: z.int().min(1),
  /** What `--memory-limit` says: bytes, 0 for no limit; null leaves it to Dask, which reads the container's limit. */
  memoryLimitBytes: z.number().nullable(),
  resources: containerResources,
  /** Dask's abstract resources, `{"GPU": 1}`. */
  daskResources: z.record(z.string(), z.number()),
  nanny: z.boolean(),
  deathTimeoutSeconds: z.int(),
  gracePeriodSeconds: z.int(),
  templates: z.array(podTemplate),
  /** Beside those of all pods. */
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  env: z.array(variable),
  /** First workers, already within `workersPerRun`. */
  workers: z.int().min(0),
  /** The bounds of scaling; those of a fixed cluster are `workers`. */
  minimum: z.int().min(0),
  maximum: z.int().min(0),
});

/** `adaptKwargs` with their defaults: bounds over all groups together, seconds, bytes. */
const adapt = z.object({
  minimum: z.int().min(0),
  maximum: z.int().min(0),
  minimumCores: z.number(),
  maximumCores: z.number().optional(),
  minimumMemoryBytes: z.number(),
  maximumMemoryBytes: z.number().optional(),
  intervalSeconds: z.number(),
  waitCount: z.int().min(1),
  targetSeconds: z.number(),
  /** Observed and explained, not acted on. */
  dryRun: z.boolean(),
});

/** The Dask cluster that the operator makes for the attempt. */
const cluster = z.object({
  /** `tls`: scheduler, workers, flow and operator show each other certificates. */
  security: z.enum(['none', 'tls']),
  logLevel: z.enum(['info', 'debug']),
  idleTimeoutSeconds: z.number().optional(),
  /** How long the scheduler outlives its launcher for a look, in seconds; 0 leaves it to the preload. */
  keepSeconds: z.int(),
  /** Absent: a cluster of fixed size. */
  adapt: adapt.optional(),
  /** Of the scheduler, beside those of all pods. */
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  env: z.array(variable),
  scheduler: z.object({
    image: z.string(),
    resources: containerResources,
    templates: z.array(podTemplate),
  }),
  /** At least one; the first is `default`. */
  groups: z.array(group).min(1),
});

/**
 * What every pod of one attempt is built from, whenever and by whichever version of the operator it is made: the spec
 * with all defaults filled in. Stored as `resolved.json` in the attempt's immutable ConfigMap.
 */
export const resolvedSchema = z.object({
  version: z.literal(2),
  operatorVersion: z.string(),
  /** Who makes the cluster: nobody, the operator, the flow pod itself, or somebody before (an address). */
  kind: z.enum(['none', 'operator', 'in-pod', 'address']),
  /** Settings that all pods share, as in `spec.flow`. */
  pods: z.object(podSettings).omit({ terminationGracePeriodSeconds: true }),
  flow: z.object({
    image: z.string(),
    entrypoint: z.string().nullable(),
    command: z.array(z.string()).nullable(),
    args: z.array(z.string()).nullable(),
    source: z
      .union([
        /** Paths below `/flow`; the n-th is the key `source-n` of the attempt's ConfigMap. */
        z.object({ inline: z.array(z.string()) }),
        z.object({ configMap: z.string() }),
      ])
      .nullable(),
    resources: resources,
    templates: z.array(podTemplate),
    gracePeriodSeconds: z.int(),
  }),
  /** As written in the spec; the launcher reads it. */
  executor: executor.nullable(),
  cluster: cluster.optional(),
  startDeadlineSeconds: z.int(),
});

export type Resolved = z.infer<typeof resolvedSchema>;
export type ResolvedCluster = NonNullable<Resolved['cluster']>;
export type ResolvedGroup = ResolvedCluster['groups'][number];
export type ResolvedAdapt = NonNullable<ResolvedCluster['adapt']>;
export type Resources = z.infer<typeof containerResources>;
