import type { FlowRunSpec } from '../api/spec.ts';
import type { PodRole, RunRef } from './names.ts';
import type { Resolved, Resources } from './resolved.ts';

/** What the operator's configuration says about runs. */
export interface ResolveConfig {
  operatorVersion: string;
  defaultImage?: string | undefined;
  defaultResources: Record<PodRole, Resources>;
  /** Most workers of one run. */
  workersPerRun: number;
  startDeadlineSeconds: number;
  gracePeriodSeconds: number;
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never' | undefined;
}

export interface Warning {
  reason: string;
  message: string;
}

export type Resolution =
  | { ok: true; resolved: Resolved; warnings: Warning[] }
  | { ok: false; reason: string; message: string };

export declare function resolve(
  run: { metadata: RunRef; spec: FlowRunSpec },
  config: ResolveConfig,
): Resolution;
