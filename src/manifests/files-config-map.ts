import type { RunRef } from '../core/names.ts';
import type { Resolved } from '../core/resolved.ts';
import type { Manifest } from './object.ts';

/** What the attempt carries beside the resolved spec. */
export interface AttemptFiles {
  /** The programs of the operator by file name: `launcher.py`, `scheduler.py`, `scheduler_preload.py`, `worker_preload.py`. */
  programs: Readonly<Record<string, string>>;
  /** `spec.flow.parameters` as the server sent them, digit by digit; `{}` when there are none. */
  parametersJson: string;
  /** `spec.flow.source.inline`. */
  inline?: Readonly<Record<string, string>> | undefined;
}

export declare function filesConfigMap(
  run: RunRef,
  attempt: number,
  resolved: Resolved,
  files: AttemptFiles,
): Manifest;
