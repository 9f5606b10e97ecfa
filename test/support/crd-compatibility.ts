import type { StructuralSchema } from '../../src/api/structural.ts';

/** Bounds that must not become tighter: `up` may grow, `down` may shrink; absent is no bound. */
const UP = ['maximum', 'maxLength', 'maxItems', 'maxProperties'] as const;
const DOWN = ['minimum', 'minLength', 'minItems'] as const;

/**
 * What an object that the `old` schema admits could meet under the `fresh` one: fields that are gone, other types, tighter bounds, new
 * required fields, new or changed rules. Empty: every stored object stays valid, and keeps all it says.
 */
export function incompatibilities(old: StructuralSchema, fresh: StructuralSchema, path = ''): string[] {
  const at = path === '' ? 'the object' : path;
  const found: string[] = [];
  if (old.type !== fresh.type)
    found.push(`${at}: the type was ${String(old.type)}, and is ${String(fresh.type)}`);
  for (const key of UP)
    if ((fresh[key] ?? Infinity) < (old[key] ?? Infinity)) found.push(`${at}: ${key} is lower`);
  for (const key of DOWN)
    if ((fresh[key] ?? -Infinity) > (old[key] ?? -Infinity)) found.push(`${at}: ${key} is higher`);
  if (fresh.pattern !== undefined && fresh.pattern !== old.pattern)
    found.push(`${at}: the pattern is another`);
  if (fresh.enum !== undefined)
    for (const value of old.enum ?? ['anything'])
      if (!fresh.enum.includes(value)) found.push(`${at}: ${String(value)} is not a value any more`);
  for (const name of fresh.required ?? [])
    if (old.required?.includes(name) !== true) found.push(`${at}: ${name} is required now`);
  const rules = new Set((old['x-kubernetes-validations'] ?? []).map(({ rule }) => rule));
  for (const { rule, message } of fresh['x-kubernetes-validations'] ?? [])
    if (!rules.has(rule)) found.push(`${at}: a new rule: ${message}`);
  for (const key of [
    'x-kubernetes-preserve-unknown-fields',
    'x-kubernetes-int-or-string',
    'nullable',
  ] as const)
    if (old[key] === true && fresh[key] !== true) found.push(`${at}: ${key} is gone`);
  for (const [name, property] of Object.entries(old.properties ?? {})) {
    const inner = fresh.properties?.[name];
    const below = [path, name].filter(Boolean).join('.');
    if (inner === undefined) found.push(`${below}: the field is gone`);
    else found.push(...incompatibilities(property, inner, below));
  }
  if (old.items !== undefined) found.push(...incompatibilities(old.items, fresh.items ?? {}, `${path}[]`));
  if (old.additionalProperties !== undefined)
    found.push(...incompatibilities(old.additionalProperties, fresh.additionalProperties ?? {}, `${path}.*`));
  return found;
}
