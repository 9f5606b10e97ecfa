import type { StructuralSchema } from '../../src/api/structural.ts';

const INTRODUCTION = `# FlowRun reference

\`apiVersion: flowrun.dev/v1alpha1\`, \`kind: FlowRun\`, short name \`fr\`. Every field of the resource; the same texts are shown by
\`kubectl explain flowrun.spec.flow\` and so on. Generated from the schema in \`src/api\` by \`npm run generate\`; do not edit.

*Required* fields are marked with \\*. "Object, free-form" takes any keys. "Quantity" is a whole number or a string.
`;

/** The reference of all fields as Markdown, one section for each object, in the order of the schema. */
export function referencePage(schema: StructuralSchema): string {
  const sections = [rules('FlowRun', schema)];
  for (const name of ['spec', 'status']) {
    const property = schema.properties?.[name];
    if (property !== undefined) sections.push(...objectSections(name, property));
  }
  return [INTRODUCTION, ...sections].filter((text) => text !== '').join('\n');
}

function objectSections(path: string, schema: StructuralSchema): string[] {
  const properties = Object.entries(schema.properties ?? {});
  const rows = properties.map(([name, property]) => row(name, property, schema.required ?? []));
  const table = ['| Field | Type | Default | Meaning |', '|---|---|---|---|', ...rows].join('\n');
  const section = [`## \`${path}\`\n`, `${schema.description ?? ''}\n`, `${table}\n`, rules(path, schema)];
  const children = properties.flatMap(([name, property]) => {
    const inner = property.items ?? property;
    const suffix = property.items === undefined ? '' : '[]';
    return inner.properties === undefined
      ? []
      : objectSections(`${path}.${name}${suffix}`, { ...inner, ...describedBy(inner, property) });
  });
  return [section.filter((text) => text !== '').join('\n'), ...children];
}

const describedBy = (inner: StructuralSchema, outer: StructuralSchema) =>
  inner.description === undefined ? { description: outer.description } : {};

function row(name: string, schema: StructuralSchema, required: readonly string[]): string {
  const mark = required.includes(name) ? '\\*' : '';
  const fallback = schema.default === undefined ? '' : `\`${JSON.stringify(schema.default)}\``;
  const bounds = boundsOf(schema);
  const own = (schema.properties === undefined ? rulesOf(schema) : []).map((message) => `${message}.`);
  const meaning = [schema.description, bounds === '' ? '' : `(${bounds})`, ...own].filter(Boolean).join(' ');
  return `| \`${name}\`${mark} | ${typeOf(schema)} | ${fallback} | ${escape(meaning)} |`;
}

const escape = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function typeOf(schema: StructuralSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema['x-kubernetes-int-or-string']) return 'quantity';
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}s`;
  if (
    schema.type === 'object' &&
    schema.properties === undefined &&
    schema.additionalProperties?.type === undefined &&
    !schema.additionalProperties?.['x-kubernetes-int-or-string']
  ) {
    return 'object, free-form';
  }
  if (schema.additionalProperties !== undefined) return `map to ${typeOf(schema.additionalProperties)}`;
  if (schema.type === undefined) return 'any JSON';
  return schema.format === 'date-time' ? 'time' : schema.type;
}

function boundsOf(schema: StructuralSchema): string {
  const limit = (minimum: number | undefined, maximum: number | undefined, unit: string) => {
    const low = minimum === undefined ? '' : `at least ${minimum}`;
    const high = maximum === undefined || maximum === 2 ** 31 - 1 ? '' : `at most ${maximum}`;
    const both = [low, high].filter(Boolean).join(', ');
    return both === '' ? '' : `${both}${unit}`;
  };
  const parts = [
    limit(schema.minimum, schema.maximum, ''),
    limit(undefined, schema.maxLength, ' characters'),
    limit(schema.minItems, schema.maxItems, ' items'),
    limit(undefined, schema.maxProperties, ' keys'),
    schema['x-kubernetes-list-map-keys'] === undefined
      ? ''
      : `one for each \`${schema['x-kubernetes-list-map-keys'].join('`, `')}\``,
  ];
  return parts.filter(Boolean).join('; ');
}

function rulesOf(schema: StructuralSchema): string[] {
  return (schema['x-kubernetes-validations'] ?? []).map(({ message, fieldPath }) =>
    fieldPath === undefined ? message : `\`${fieldPath.slice(1)}\`: ${message}`,
  );
}

function rules(path: string, schema: StructuralSchema): string {
  const messages = rulesOf(schema);
  if (messages.length === 0) return '';
  return `Rules of \`${path}\`:\n\n${messages.map((message) => `- ${message}`).join('\n')}\n`;
}
