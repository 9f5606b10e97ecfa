import { z } from 'zod';

import { type Rule, validations, withRules } from './rule.ts';
import { flowRunSpec } from './spec.ts';
import { flowRunStatus } from './status.ts';
import { flowRunTransitions } from './transitions.ts';

export const GROUP = 'flowrun.dev';
export const VERSION = 'v1alpha1';
export const KIND = 'FlowRun';
export const PLURAL = 'flowruns';

/** FlowRuns as a resource of the API server. */
export const FLOW_RUN = {
  group: GROUP,
  version: VERSION,
  plural: PLURAL,
  kind: KIND,
  namespaced: true,
} as const;

// DNS-1035: the name becomes part of a Service's name.
const NAME = '^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$';
const validName = new RegExp(NAME);

// Of a stored object: the server has set everything that is required here.
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

const rules: readonly Rule<{ metadata: { name: string } }>[] = [
  {
    rule: `self.metadata.name.matches('${NAME}')`,
    message:
      '`metadata.name` must be at most 63 characters of a-z, 0-9 and -, start with a letter and not end with -',
    check: (run) => validName.test(run.metadata.name),
  },
];

/** The rules of the whole object, as the CRD holds them. */
export const flowRunValidations = validations(rules, flowRunTransitions);

/** One run of one flow, as the API server stores it. */
export const flowRun = withRules(
  z.strictObject({
    apiVersion: z.literal(`${GROUP}/${VERSION}`),
    kind: z.literal(KIND),
    metadata,
    spec: flowRunSpec.describe('What is asked for.'),
    status: flowRunStatus
      .describe('What the operator has seen and done. Written by the operator alone.')
      .optional(),
  }),
  rules,
  flowRunTransitions,
);

export type FlowRun = z.infer<typeof flowRun>;
