import { z } from 'zod';

const validation = z.strictObject({
  rule: z.string(),
  message: z.string(),
  fieldPath: z.string().optional(),
});

const leaf = z.strictObject({
  type: z.enum(['object', 'array', 'string', 'integer', 'number', 'boolean']).optional(),
  description: z.string().optional(),
  format: z.string().optional(),
  nullable: z.boolean().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  pattern: z.string().optional(),
  minLength: z.int().optional(),
  maxLength: z.int().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minItems: z.int().optional(),
  maxItems: z.int().optional(),
  maxProperties: z.int().optional(),
  required: z.array(z.string()).optional(),
  'x-kubernetes-int-or-string': z.literal(true).optional(),
  'x-kubernetes-preserve-unknown-fields': z.literal(true).optional(),
  'x-kubernetes-list-type': z.enum(['atomic', 'map', 'set']).optional(),
  'x-kubernetes-list-map-keys': z.array(z.string()).optional(),
  'x-kubernetes-validations': z.array(validation).optional(),
});

type Leaf = z.infer<typeof leaf>;

/** JSON schema as zod writes it, so far as it can become structural: any other keyword is refused. */
interface JsonSchema extends Leaf {
  anyOf?: JsonSchema[] | undefined;
  items?: JsonSchema | undefined;
  properties?: Record<string, JsonSchema> | undefined;
  additionalProperties?: boolean | JsonSchema | undefined;
}

const jsonSchema: z.ZodType<JsonSchema> = z.strictObject({
  ...leaf.shape,
  anyOf: z.lazy(() => z.array(jsonSchema).optional()),
  items: z.lazy(() => jsonSchema.optional()),
  properties: z.lazy(() => z.record(z.string(), jsonSchema).optional()),
  additionalProperties: z.lazy(() => z.union([z.boolean(), jsonSchema]).optional()),
});

/** The schema of a CustomResourceDefinition. */
export interface StructuralSchema extends Leaf {
  items?: StructuralSchema;
  properties?: Record<string, StructuralSchema>;
  additionalProperties?: StructuralSchema;
}

// `on: x` reaches the server as `true: x`: YAML 1.1 reads these words, in any case, as booleans.
const YAML_BOOLEAN = /^(y|n|yes|no|on|off|true|false)$/i;
const LOOK_AROUND = /\(\?[=!<]|\\[1-9]/;

/**
 * Any JSON. A free-form object is a map of it rather than an object that preserves unknown fields: CEL's `==` of the latter
 * takes a renamed key for no change (seen on 1.37), and immutability rests on `==`. In exchange CEL reaches such a field
 * through `dyn(self)` only.
 */
const ANYTHING: StructuralSchema = { nullable: true, 'x-kubernetes-preserve-unknown-fields': true };

const sayer = (path: string) => (problem: string) => new Error(`${path}: ${problem}`);

/**
 * Turns a zod schema into the structural schema of a CRD. `path` is where it stands, for messages.
 * Throws, with the path, on what the API server would refuse or could not bound the cost of: references, unions other
 * than whole-number-or-string, patterns beyond RE2, unbounded strings, lists and maps, fields without description;
 * and on names and values that YAML reads as booleans (condition statuses excepted: Kubernetes has them).
 */
export function structural(schema: z.ZodType, path: string): StructuralSchema {
  // zod hangs functions on what it returns; the round trip leaves plain JSON.
  const json: unknown = JSON.parse(
    JSON.stringify(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' })),
  );
  const parsed = jsonSchema.safeParse(json);
  if (!parsed.success) throw sayer(path)(z.prettifyError(parsed.error));
  return convert(parsed.data, path);
}

function convert(schema: JsonSchema, path: string): StructuralSchema {
  const { anyOf, items, properties, additionalProperties, ...rest } = schema;
  const problem = sayer(path);
  if (Object.keys(schema).every((key) => key === 'description')) {
    return { ...rest, ...ANYTHING };
  }
  const values = path.endsWith('.conditions[].status') ? [] : (rest.enum ?? []);
  for (const word of [...Object.keys(properties ?? {}), ...values]) {
    if (YAML_BOOLEAN.test(String(word))) throw problem(`${String(word)} is a boolean in YAML 1.1`);
  }
  if (rest['x-kubernetes-int-or-string']) {
    const maxLength = anyOf?.find((branch) => branch.type === 'string')?.maxLength;
    return maxLength === undefined ? rest : { ...rest, maxLength };
  }
  if (anyOf !== undefined) throw problem('a union is not structural; use optional siblings and a rule');
  switch (rest.type) {
    case 'object':
      return object(rest, properties, additionalProperties, path);
    case 'array':
      if (items === undefined) throw problem('a list needs items');
      return array(rest, items, path);
    case 'string':
      return string(rest, path);
    case 'integer':
      return integer(rest);
    case 'number':
    case 'boolean':
      return rest;
    case undefined:
      break;
  }
  throw problem('has no type');
}

function object(
  leaf: Leaf,
  properties: JsonSchema['properties'],
  additional: JsonSchema['additionalProperties'],
  path: string,
): StructuralSchema {
  const problem = sayer(path);
  const schema: StructuralSchema = { ...leaf };
  if (typeof additional === 'object' && Object.keys(additional).length > 0) {
    if (properties !== undefined) throw problem('properties and additionalProperties exclude each other');
    schema.additionalProperties = convert(additional, `${path}.*`);
  } else if (additional !== undefined && additional !== false) {
    if (properties === undefined) schema.additionalProperties = ANYTHING;
    else schema['x-kubernetes-preserve-unknown-fields'] = true;
  }
  if (properties === undefined) {
    if (leaf.maxProperties === undefined) throw problem('a map needs maxProperties');
    return schema;
  }
  schema.properties = {};
  for (const [name, property] of Object.entries(properties)) {
    if (property.description === undefined) throw problem(`field ${name} has no description`);
    schema.properties[name] = convert(property, `${path}.${name}`);
  }
  return schema;
}

function array(leaf: Leaf, items: JsonSchema, path: string): StructuralSchema {
  const problem = sayer(path);
  if (leaf.maxItems === undefined) throw problem('a list needs maxItems');
  if (leaf['x-kubernetes-list-type'] === undefined) throw problem('a list needs x-kubernetes-list-type');
  for (const key of leaf['x-kubernetes-list-map-keys'] ?? []) {
    if (!items.required?.includes(key)) throw problem(`list map key ${key} is not required in its items`);
  }
  return { ...leaf, items: convert(items, `${path}[]`) };
}

function string(leaf: Leaf, path: string): StructuralSchema {
  const { pattern, ...rest } = leaf;
  const problem = sayer(path);
  if (leaf.format === 'date-time') return rest;
  if (leaf.enum === undefined && leaf.maxLength === undefined) throw problem('a string needs maxLength');
  if (pattern !== undefined && LOOK_AROUND.test(pattern))
    throw problem('RE2 has no look-around or back-references');
  return leaf;
}

function integer(leaf: Leaf): StructuralSchema {
  const { minimum, maximum, ...rest } = leaf;
  // zod's own limits of what a number can hold say nothing to a reader.
  const low = minimum === undefined || minimum === Number.MIN_SAFE_INTEGER || minimum === -(2 ** 31);
  const high = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER;
  return {
    ...rest,
    format: high ? 'int64' : 'int32',
    ...(low ? {} : { minimum }),
    ...(high ? {} : { maximum }),
  };
}
