import { type FlowRunSpec, flowRunSpec } from '../api/spec.ts';
import { type ResolveConfig, resolve } from './resolve.ts';

export const run = { name: 'etl', namespace: 'team', uid: '0a1b2c3d-1111-4222-8333-444455556666' };

export const config: ResolveConfig = {
  operatorVersion: '0.1.0',
  defaultResources: {
    flow: { requests: { cpu: '100m', memory: '256Mi' } },
    scheduler: { requests: { cpu: '100m', memory: '256Mi' } },
    worker: { requests: { cpu: '500m', memory: '512Mi' } },
  },
  workersPerRun: 500,
  security: 'tls',
  podDefaults: 'restricted',
  podPolicy: 'baseline',
  startDeadlineSeconds: 600,
  gracePeriodSeconds: 30,
};

/** A spec as the API server accepts it: parsed, so that a test cannot use one that the schema refuses. */
export function specOf(executor: unknown, flow: object = {}): FlowRunSpec {
  return flowRunSpec.parse({
    flow: { image: 'flows:1', entrypoint: 'flow.py:main', ...flow },
    ...(executor === undefined ? {} : { executor }),
  });
}

export const dask = (clusterKwargs: object, more: object = {}) => ({
  type: 'DaskExecutor',
  clusterKwargs,
  ...more,
});

export const resolveWith = (executor: unknown, flow: object = {}, overrides: Partial<ResolveConfig> = {}) =>
  resolve({ metadata: run, spec: specOf(executor, flow) }, { ...config, ...overrides });
