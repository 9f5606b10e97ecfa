import { type Wanted } from './scale-demand.ts';
import { isIdle, reasonToKeepOne } from './scale-floor.ts';
import { staying } from './scale-limits.ts';
import { formatBytes } from './quantities.ts';
import type { Adapt, Scaling, ScalingInput } from './scaling-input.ts';

type Decided = Omit<Scaling, 'why'>;

/** One sentence with the numbers a decision was made from. `kept` says why workers beyond what is asked for stay. */
export function explain(
  input: ScalingInput,
  wanted: Wanted,
  decided: Decided,
  kept: string | undefined,
): string {
  const parts = [need(input, decided.target), ...limits(input, decided), ...troubles(input, wanted)];
  return `${parts.join(', ')}; ${outcome(decided, kept)}.`;
}

function need(input: ScalingInput, target: number): string {
  const newest = input.window.at(-1);
  if (newest === undefined) return 'nothing is known';
  const tasks = sum(newest.demand.map((row) => row.tasks));
  if (tasks > 0) {
    const unknown = sum(newest.demand.map((row) => row.unknown));
    const guess = unknown > 0 ? ` (${unknown === tasks ? 'all' : unknown} of unknown duration)` : '';
    const seconds = sum(newest.demand.map((row) => row.seconds));
    return `${count(tasks, 'task')} queued or running${guess}, ${round(seconds)} s of work: ${count(target, 'worker')} for a target of ${round(input.adapt.targetSeconds)} s`;
  }
  if (newest.scattersWaiting > 0) return 'A scatter waits for a worker';
  const reason = isIdle(newest) ? reasonToKeepOne(newest, input) : undefined;
  return reason === undefined ? 'Nothing to do' : `Nothing to do, but one worker stays while ${reason}`;
}

/** The limits that bite. */
function limits({ adapt, groups }: ScalingInput, { target, desired }: Decided): string[] {
  const size = sum([...desired.values()]);
  const full = groups.filter(({ name, maximum }) => maximum < adapt.maximum && desired.get(name) === maximum);
  if (size < target) {
    return [
      ...bounds('maximum', adapt.maximum, adapt.maximumCores, adapt.maximumMemoryBytes),
      ...full.map(({ name, maximum }) => `maximum of ${name} ${maximum}`),
    ];
  }
  return size > target ? bounds('minimum', adapt.minimum, adapt.minimumCores, adapt.minimumMemoryBytes) : [];
}

function bounds(
  word: 'minimum' | 'maximum',
  workers: Adapt['minimum'],
  cores: Adapt['minimumCores'],
  bytes: Adapt['minimumMemoryBytes'],
): string[] {
  const isSet = (value: number) => value > 0 && Number.isFinite(value);
  return [
    ...(isSet(workers) ? [`${word} ${workers}`] : []),
    ...(isSet(cores) ? [`${word} threads ${cores}`] : []),
    ...(isSet(bytes) ? [`${word} memory ${formatBytes(bytes)}`] : []),
  ];
}

function troubles({ groups, window }: ScalingInput, { byGroup, unplaced }: Wanted): string[] {
  const paused = [...(window.at(-1)?.workers.values() ?? [])].filter((worker) => worker.paused).length;
  const blocked = groups.filter(
    (group) => group.blocked !== undefined && (byGroup.get(group.name) ?? 0) > staying(group, 'started'),
  );
  return [
    ...(paused > 0 ? [`${count(paused, 'worker')} paused for lack of memory`] : []),
    ...unplaced.map(
      (row) => `${count(row.tasks, 'task')} for ${JSON.stringify(row.resources)}, which no worker has`,
    ),
    ...blocked.map(({ name, blocked }) => `no further ${name} workers (${blocked})`),
  ];
}

function outcome({ add, cancel, retire, giveBack, desired }: Decided, kept: string | undefined): string {
  const done = [
    [sum([...add.values()]), 'added'],
    [giveBack.length, 'given back'],
    [cancel.length, 'cancelled'],
    [retire.length, 'retired'],
  ] as const;
  const changes = done.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  const stay = `${count(sum([...desired.values()]), 'worker')} ${changes.length > 0 ? 'now' : 'kept'}`;
  return `${[...changes, stay].join(', ')}${kept === undefined ? '' : ` ${kept}`}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
