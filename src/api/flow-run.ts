import { z } from 'zod';

import { flowRunSpec } from './spec.ts';
import { flowRunStatus } from './status.ts';

export const GROUP = 'flowrun.dev';
export const VERSION = 'v1alpha1';
export const KIND = 'FlowRun';
export const PLURAL = 'flowruns';

// Of a stored object: the server has set everything here.
const metadata = z.looseObject({
  name: z.string(),
  namespace: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.int(),
  creationTimestamp: z.string(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** One run of one flow, as the API server stores it. */
export const flowRun = z.strictObject({
  apiVersion: z.literal(`${GROUP}/${VERSION}`),
  kind: z.literal(KIND),
  metadata,
  spec: flowRunSpec,
  status: flowRunStatus.optional(),
});

export type FlowRun = z.infer<typeof flowRun>;
