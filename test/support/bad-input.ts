import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const FOLDER = join(import.meta.dirname, '../fixtures/bad-input');

const refused = z.strictObject({
  what: z.string(),
  /** The fields of `spec`, as a user types them. */
  spec: z.string(),
  /** Absent where the API server refuses. */
  reason: z.string().optional(),
  says: z.string(),
});

const ran = z.strictObject({
  what: z.string(),
  image: z.enum(['prefect1', 'prefect3']).default('prefect3'),
  flow: z.record(z.string(), z.unknown()),
  executor: z.record(z.string(), z.unknown()).optional(),
  files: z.record(z.string(), z.string()).default({}),
  exitCode: z.int(),
  /** Where the process has another one: a command's own code is only reported. */
  processCode: z.int().optional(),
  reason: z.string(),
  says: z.string().optional(),
  value: z.unknown().optional(),
});

export type Refused = z.infer<typeof refused>;
export type Ran = z.infer<typeof ran>;

const read = (file: string): unknown => parse(readFileSync(join(FOLDER, `${file}.yaml`), 'utf8'));

export const readRefused = (file: string): Refused[] => z.array(refused).parse(read(file));
export const readRan = (file: string): Ran[] => z.array(ran).parse(read(file));

const FINE_FLOW = 'flow: {image: flows:1, entrypoint: flow.py:main}';

/** The manifest that a user would apply, as text: kubectl shall read the YAML, with its booleans. */
export function manifestOf(name: string, { spec }: Pick<Refused, 'spec'>, image: string): string {
  const text = /^flow:/m.test(spec) ? spec : `${FINE_FLOW}\n${spec}`;
  const indented = text.trimEnd().replaceAll(/^/gm, '  ').replaceAll('image: REAL', `image: ${image}`);
  return `apiVersion: flowrun.dev/v1alpha1\nkind: FlowRun\nmetadata: {name: ${name}}\nspec:\n${indented}\n`;
}

const ALL_IS_NOT_CHECKED = /^<nil>: Invalid value: null: some validation rules were not checked .*$/m;

/** What kubectl prints of a refusal, without the object's name and the server's note that it may have found more. */
export function refusalOf(stderr: string): string {
  return stderr
    .trim()
    .replace(/^The FlowRun "[^"]+" is invalid:\s*/, '')
    .replace(/^Error from server \(BadRequest\): error when creating "STDIN": /, '')
    .replace(/^FlowRun in version "v1alpha1" cannot be handled as a FlowRun: /, '')
    .replaceAll(/^\* /gm, '')
    .replace(ALL_IS_NOT_CHECKED, '')
    .trim();
}
