import { reasonToKeepOne } from './scale-floor.ts';
import { type Wanted } from './scale-demand.ts';
import { staying } from './scale-limits.ts';
import { isComplete } from './scale-window.ts';
import type { Scaling, ScalingInput } from './scaling-input.ts';

/** One sentence with the numbers a decision was made from. */
export function explain(input: ScalingInput, wanted: Wanted, scaling: Omit<Scaling, 'why'>): string {
  return `${[need(input, scaling.target), ...remarks(input, wanted, scaling), outcome(input, scaling)].join('; ')}.`;
}

function need(input: ScalingInput, target: number): string {
  const { adapt, window } = input;
  const newest = window.at(-1);
  const rows = newest?.demand ?? [];
  const tasks = rows.reduce((sum, row) => sum + row.tasks, 0);
  const seconds = rows.reduce((sum, row) => sum + row.seconds, 0);
  const unknown = rows.reduce((sum, row) => sum + row.unknown, 0);
  if (tasks === 0) {
    const reason = newest === undefined ? undefined : reasonToKeepOne(newest, input);
    const scatter = (newest?.scattersWaiting ?? 0) > 0 ? 'a scatter waits for a worker' : 'nothing to do';
    return reason === undefined || reason === 'there is work'
      ? scatter
      : `${scatter}, but one worker is kept while ${reason}`;
  }
  const guess = unknown > 0 ? ` (${unknown} of unknown duration)` : '';
  return `${plural(tasks, 'task')} queued or running${guess}, ${round(seconds)} s of work: ${plural(target, 'worker')} for a target of ${round(adapt.targetSeconds)} s`;
}

function remarks(
  { groups, window, adapt }: ScalingInput,
  wanted: Wanted,
  { target, desired }: Omit<Scaling, 'why'>,
): string[] {
  const size = [...desired.values()].reduce((sum, each) => sum + each, 0);
  const paused = [...(window.at(-1)?.workers.values() ?? [])].filter((worker) => worker.paused).length;
  const blocked = groups.filter(
    (group) => group.blocked !== undefined && (wanted.byGroup.get(group.name) ?? 0) > staying(group),
  );
  return [
    ...wanted.unplaced.map(
      (row) =>
        `${plural(row.tasks, 'task')} demand ${JSON.stringify(row.resources)}, which no worker group has`,
    ),
    ...(paused > 0 ? [`${plural(paused, 'worker')} paused for lack of memory`] : []),
    ...blocked.map(({ name, blocked }) => `group ${name} can have no more: ${blocked}`),
    ...(size < target
      ? [`maximum ${bounds(adapt.maximum, adapt.maximumCores, adapt.maximumMemoryBytes)}`]
      : []),
    ...(size > target && adapt.minimum > 0 ? [`minimum ${adapt.minimum}`] : []),
  ];
}

function bounds(workers: number, cores: number, bytes: number): string {
  return [
    `${workers}`,
    ...(Number.isFinite(cores) ? [`${cores} threads`] : []),
    ...(Number.isFinite(bytes) ? [`${round(bytes / 2 ** 30)} GiB`] : []),
  ].join(', ');
}

function outcome(
  { groups, window, adapt }: ScalingInput,
  { add, cancel, retire, giveBack, target }: Omit<Scaling, 'why'>,
): string {
  const added = [...add.values()].reduce((sum, each) => sum + each, 0);
  const deeds = [
    ...(added > 0 ? [`${added} added`] : []),
    ...(giveBack.length > 0 ? [`${giveBack.length} given back`] : []),
    ...(cancel.length > 0 ? [`${cancel.length} cancelled`] : []),
    ...(retire.length > 0 ? [`${retire.length} retired`] : []),
  ];
  if (deeds.length > 0) return deeds.join(', ');
  const size = groups.reduce((sum, group) => sum + staying(group), 0);
  const waits = size > target && !isComplete(window, adapt) ? ` until ${adapt.waitCount} answers agree` : '';
  return `${plural(size, 'worker')} kept${waits}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
