import { z } from 'zod';

import { MAX_GROUPS } from '../api/status.ts';
import type { WantedSize } from './group-sizes.ts';
import { show } from './kwargs.ts';
import { CLUSTER_WIDE } from './cluster-kwargs.ts';
import { type LayerProblems, type WorkerLayer, readGroup } from './worker-layer.ts';

/** The group that the cluster's own keyword arguments describe. */
export const DEFAULT_GROUP = 'default';

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const kwargs = z.record(z.string(), z.unknown());

/** A group as far as its own keyword arguments go; what they leave out is the cluster's. */
export interface GroupLayer extends Omit<WantedSize, 'name'> {
  name: string;
  layer: WorkerLayer;
}

/**
 * Reads `worker_groups`, a map from names or a list of maps with a `name`, that stands at `field`. The group `default`
 * is the one the cluster's own keyword arguments describe. Problems are sentences.
 */
export function readGroups(
  field: string,
  given: Readonly<Record<string, unknown>> | readonly unknown[],
): { groups: GroupLayer[]; problems: LayerProblems } {
  const problems: LayerProblems = { kwargs: [], template: [] };
  const groups = new Map<string, GroupLayer>();
  const named = Array.isArray(given)
    ? given.map((item: unknown, index) => fromList(`${field}[${index}]`, item, problems.kwargs))
    : Object.entries(given).map(([name, item]) => ({ name, field: `${field}.${name}`, given: item ?? {} }));
  for (const entry of named) {
    if (entry === undefined) continue;
    const { name } = entry;
    const read = kwargs.safeParse(entry.given);
    if (!NAME.test(name)) {
      problems.kwargs.push(
        `\`${field}\`: the name ${show(name)} must be lower-case letters, digits and hyphens, at most 63; it becomes a label.`,
      );
    } else if (groups.has(name)) {
      problems.kwargs.push(`\`${field}\`: the name ${name} comes twice.`);
    } else if (!read.success) {
      problems.kwargs.push(
        `\`${entry.field}\` must be a map of keyword arguments, not ${show(entry.given)}.`,
      );
    } else {
      const wide = CLUSTER_WIDE.filter((key) => Object.hasOwn(read.data, key));
      problems.kwargs.push(
        ...wide.map(
          (key) => `\`${entry.field}.${key}\` concerns the whole cluster; write \`clusterKwargs.${key}\`.`,
        ),
      );
      const own = Object.entries(read.data).filter(([key]) => !wide.some((each) => each === key));
      const group = readGroup(entry.field, Object.fromEntries(own));
      problems.kwargs.push(...group.problems.kwargs);
      problems.template.push(...group.problems.template);
      const { n_workers: workers, minimum, maximum } = group.layer.values;
      groups.set(name, { name, workers, minimum, maximum, layer: group.layer });
    }
  }
  const others = [...groups.values()].filter(({ name }) => name !== DEFAULT_GROUP).length;
  if (others >= MAX_GROUPS) problems.kwargs.push(`\`${field}\` may have at most ${MAX_GROUPS - 1} groups.`);
  return { groups: [...groups.values()], problems };
}

function fromList(field: string, item: unknown, problems: string[]) {
  const read = kwargs.safeParse(item);
  const name = z.string().safeParse(read.data?.['name']);
  if (!read.success) problems.push(`\`${field}\` must be a map of keyword arguments, not ${show(item)}.`);
  else if (!name.success) problems.push(`\`${field}.name\` must be a string: the group needs a name.`);
  if (!read.success || !name.success) return undefined;
  const { name: _name, ...given } = read.data;
  return { name: name.data, field, given };
}
