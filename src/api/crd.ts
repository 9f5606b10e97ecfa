import { flowRun, flowRunValidations, GROUP, KIND, PLURAL, VERSION } from './flow-run.ts';
import { structural, type StructuralSchema } from './structural.ts';

const column = (name: string, type: string, jsonPath: string, description: string, priority?: number) => ({
  name,
  type,
  jsonPath,
  description,
  // Not 0: the API server stores that as nothing, and what differs from what is stored is another manager's.
  ...(priority !== undefined && { priority }),
});

const COLUMNS = [
  column('Phase', 'string', '.status.phase', 'Where the run stands.'),
  column('Reason', 'string', '.status.reason', 'Why, in a word.', 1),
  column('Ready', 'integer', '.status.cluster.workers.ready', 'Workers connected to the scheduler.'),
  column('Workers', 'integer', '.status.cluster.workers.desired', 'Workers there should be.'),
  column('Finished', 'integer', '.status.tasks.finished', 'Dask tasks done.'),
  column('Tasks', 'integer', '.status.tasks.total', 'Dask tasks known.'),
  column('Attempt', 'integer', '.status.attempt', 'Number of the current attempt.', 1),
  column('Message', 'string', '.status.message', 'What happened, and what to do.', 1),
  column('Age', 'date', '.metadata.creationTimestamp', 'Time since creation.'),
];

/** The structural schema of a FlowRun. */
export function flowRunSchema(): StructuralSchema {
  return {
    type: 'object',
    description: 'One run of one data flow, on a Dask cluster that lives as long as the run.',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: `${GROUP}/${VERSION}` },
      kind: { type: 'string', description: KIND },
      metadata: { type: 'object' },
      spec: structural(flowRun.shape.spec, 'spec'),
      status: structural(flowRun.shape.status, 'status'),
    },
    'x-kubernetes-validations': flowRunValidations,
  };
}

/** The CustomResourceDefinition. Pure; ready to be printed as YAML or posted as JSON. */
export function flowRunCrd() {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${PLURAL}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind: KIND,
        listKind: `${KIND}List`,
        plural: PLURAL,
        singular: KIND.toLowerCase(),
        shortNames: ['fr'],
        categories: ['all'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          selectableFields: [{ jsonPath: '.status.phase' }],
          additionalPrinterColumns: COLUMNS,
          schema: { openAPIV3Schema: flowRunSchema() },
        },
      ],
    },
  };
}
