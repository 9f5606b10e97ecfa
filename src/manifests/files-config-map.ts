import type { RunRef } from '../core/names.ts';
import type { Resolved } from '../core/resolved.ts';
import type { Manifest } from './object.ts';
import { childMetadata } from './owner.ts';
import { runJson } from './run-json.ts';
import { sourceKey } from './source.ts';

/** What the attempt carries beside the resolved spec. */
export interface AttemptFiles {
  /** The Python files of the operator by name: the launcher's modules, the scheduler's starter and the preloads. */
  programs: Readonly<Record<string, string>>;
  /** `spec.flow.parameters` as the server sent them, digit by digit; `{}` when there are none. */
  parametersJson: string;
  /** `spec.flow.source.inline`. */
  inline?: Readonly<Record<string, string>> | undefined;
}

/** Key of the resolved spec, from which later pods of the attempt are built. */
export const RESOLVED_KEY = 'resolved.json';

/**
 * The immutable ConfigMap that every pod of the attempt mounts. Throws TypeError when `parametersJson` is no JSON
 * object, or `inline` lacks a file that was resolved.
 */
export function filesConfigMap(
  run: RunRef,
  attempt: number,
  resolved: Resolved,
  { programs, parametersJson, inline = {} }: AttemptFiles,
): Manifest {
  const { source } = resolved.flow;
  const paths = source !== null && 'inline' in source ? source.inline : [];
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: childMetadata(run, attempt, 'files'),
    immutable: true,
    data: {
      ...programs,
      'run.json': runJson(run, attempt, resolved, parametersJson),
      [RESOLVED_KEY]: JSON.stringify(resolved),
      ...Object.fromEntries(paths.map((path, index) => [sourceKey(index), textOf(inline, path)])),
    },
  };
}

function textOf(inline: Readonly<Record<string, string>>, path: string): string {
  const text = inline[path];
  if (text === undefined) throw new TypeError(`flow.source.inline has no ${path}`);
  return text;
}
