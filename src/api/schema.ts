import { z } from 'zod';

/** Longest list that holds the names of files, variables, mounts and the like. */
export const MANY = 256;

/** A string of at most `max` code points. */
export const text = (max: number) => z.string().max(max);

/** A non-empty string. */
export const nonEmpty = (max: number) => z.string().min(1).max(max);

/** A map from any key to `value`. */
export const mapOf = <T extends z.ZodType>(value: T, maxProperties: number) =>
  z
    .record(z.string(), value)
    .refine((map) => Object.keys(map).length <= maxProperties, `must have at most ${maxProperties} keys`)
    .meta({ maxProperties });

/** Any JSON object: the schema keeps what it does not know. An empty one stays an empty one. */
export const freeForm = (maxProperties = 100) => mapOf(z.unknown(), maxProperties);

/** A map from strings to strings. */
export const textMap = (maxProperties: number, maxLength: number) => mapOf(text(maxLength), maxProperties);

/** A list that server-side apply treats as one value. */
export const list = <T extends z.ZodType>(item: T, max: number) =>
  z.array(item).max(max).meta({ 'x-kubernetes-list-type': 'atomic' });

/** A list whose items are told apart by `key`; a repeated key is refused. */
export const listMap = <T extends z.ZodType<object>>(item: T, key: keyof z.output<T> & string, max: number) =>
  z
    .array(item)
    .max(max)
    .superRefine((items, context) => {
      const seen = new Set<unknown>();
      for (const [index, value] of items.entries()) {
        const id: unknown = Reflect.get(value, key);
        if (seen.has(id)) {
          context.addIssue({
            code: 'custom',
            path: [index],
            message: `duplicate ${key} ${JSON.stringify(id)}`,
          });
        }
        seen.add(id);
      }
    })
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] });

/** A whole number or a string, as Kubernetes quantities and Dask durations are written. Fractions go in quotes: `"0.5"`. */
export const intOrString = (maxLength = 32) =>
  z
    .union(
      [z.int(), z.string().max(maxLength)],
      'must be a whole number or a string (put fractions in quotes, "0.5")',
    )
    .meta({ 'x-kubernetes-int-or-string': true });

/** A whole number ≥ `min` that fits 32 bits. */
export const int32 = (min = 0) => z.int32().min(min);

/** RFC 3339. */
export const time = () => z.iso.datetime({ offset: true });
