import type { RunRef } from '../core/names.ts';
import type { Resolved } from '../core/resolved.ts';
import type { Manifest } from './object.ts';

export declare function workerPod(
  run: RunRef,
  attempt: number,
  resolved: Resolved,
  ordinal: number,
): Manifest;
