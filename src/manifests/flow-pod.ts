import type { RunRef } from '../core/names.ts';
import type { Resolved } from '../core/resolved.ts';
import type { Manifest } from './object.ts';

export declare function flowPod(
  run: RunRef,
  attempt: number,
  resolved: Resolved,
  remainingDeadlineSeconds?: number,
): Manifest;
