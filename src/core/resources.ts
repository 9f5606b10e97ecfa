import { z } from 'zod';

import { show } from './kwargs.ts';
import { formatBytes, parseQuantity, parseSize } from './quantities.ts';
import type { Resources } from './resolved.ts';

const KINDS = ['requests', 'limits'] as const;
const quantities = z.record(z.string(), z.union([z.int(), z.string()]));

/**
 * Requests and limits of one container, checked: quantities as Kubernetes writes them, memory also as Dask does
 * (`4 GB`, `4GiB`). `problems` are sentences.
 */
export function readResources(field: string, value: unknown): { resources: Resources; problems: string[] } {
  const resources: Resources = {};
  const problems: string[] = [];
  const given = z.record(z.string(), z.unknown()).safeParse(value);
  if (!given.success) {
    return {
      resources,
      problems: [`\`${field}\` must be a map of \`requests\` and \`limits\`, not ${show(value)}.`],
    };
  }
  for (const [key, part] of Object.entries(given.data)) {
    const kind = KINDS.find((each) => each === key);
    if (kind === undefined) {
      problems.push(`\`${field}.${key}\` is not known; write it below \`requests\` or \`limits\`.`);
    } else if (part !== null) {
      const read = quantities.safeParse(part);
      if (!read.success) {
        problems.push(
          `\`${field}.${kind}\` must be a map such as {"cpu": "500m", "memory": "2Gi"}, not ${show(part)}.`,
        );
        continue;
      }
      const checked = Object.entries(read.data).map(
        ([name, quantity]) => [name, normalize(name, quantity)] as const,
      );
      for (const [name, quantity] of checked) {
        if (quantity === undefined) {
          problems.push(
            `\`${field}.${kind}.${name}\` must be a quantity such as "500m" or "2Gi", not ${show(read.data[name])}.`,
          );
        }
      }
      resources[kind] = Object.fromEntries(
        checked.filter((entry): entry is [string, string | number] => entry[1] !== undefined),
      );
    }
  }
  return { resources, problems: [...problems, ...exceeding(field, resources)] };
}

function normalize(name: string, quantity: string | number): string | number | undefined {
  const number = parseQuantity(quantity);
  if (number !== undefined) return number < 0 ? undefined : quantity;
  const bytes = name === 'memory' || name === 'ephemeral-storage' ? parseSize(quantity) : undefined;
  return bytes === undefined ? undefined : formatBytes(bytes);
}

/** Requests above their limits: the API server would refuse every pod. */
export function exceeding(field: string, { requests = {}, limits = {} }: Resources): string[] {
  return Object.entries(requests)
    .filter(([name, request]) => {
      const limit = limits[name];
      return limit !== undefined && (parseQuantity(request) ?? 0) > (parseQuantity(limit) ?? Infinity);
    })
    .map(
      ([name, request]) =>
        `\`${field}\`: the request of ${name} (${request}) is greater than its limit (${limits[name]}).`,
    );
}

/** `given` with the defaults for what it says nothing about: a limit alone is its own request, as Kubernetes has it. */
export function withDefaults(given: Resources, defaults: Resources): Resources {
  const said = new Set([...Object.keys(given.requests ?? {}), ...Object.keys(given.limits ?? {})]);
  const missing = (map: Resources['limits']) =>
    Object.fromEntries(Object.entries(map ?? {}).filter(([name]) => !said.has(name)));
  return {
    ...nonEmpty('requests', { ...missing(defaults.requests), ...given.requests }),
    ...nonEmpty('limits', { ...missing(defaults.limits), ...given.limits }),
  };
}

function nonEmpty(kind: 'requests' | 'limits', map: NonNullable<Resources['limits']>): Resources {
  return Object.keys(map).length === 0 ? {} : { [kind]: map };
}
