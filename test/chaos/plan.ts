import { random } from '../simulator/events.ts';
import { SCENARIO_NAMES, type ScenarioName, scenarioOf } from './scenario.ts';

/** The roles of children that somebody else may delete. */
const ROLES = ['flow', 'scheduler', 'worker', 'service', 'files'] as const;
export type Role = (typeof ROLES)[number];

/** Kinds of faults, in the order in which they are reported. */
export const KINDS = {
  'crash-before': 'the operator is killed as it sends its n-th write, which never arrives',
  'crash-after': 'the operator is killed when its n-th write has taken place and before it knows',
  'answer-409': 'the n-th request is answered with 409 Conflict',
  'answer-429': 'the n-th request is answered with 429 and Retry-After',
  'answer-500': 'the n-th request is answered with 500',
  dropped: 'the connection of the n-th request is reset before the server sees it',
  'lost-answer': 'the n-th request takes place and its answer is lost',
  'late-watches': 'all watches bring everything late',
  'broken-watches': 'all watches are reset after the n-th write',
  'compacted-watches': 'all watches end with 410 after the n-th write',
  'skipped-events': 'all watches are late and end with 410: what was on the way is never seen',
  'stale-list': 'the operator is killed after the n-th write, and the next begins with older lists',
  'two-operators':
    'the lease of the operator is renewed no more after its n-th write and its writes are slow; another stands by and takes over',
  'child-deleted': 'somebody deletes a child after the n-th write',
  'node-gone': 'the node of all pods is lost after the n-th write',
  'clock-jump': "the operator's clock jumps after the n-th write",
} as const;

export type Kind = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS).filter((name): name is Kind => name in KINDS);

/** Kinds that may cost a run an attempt; all others must not be seen in the status. */
export const COSTLY: ReadonlySet<Kind> = new Set(['child-deleted', 'node-gone', 'clock-jump']);

/** A run to which nothing happens. */
export interface Undisturbed {
  /** Its number in the plan. */
  readonly index: number;
  readonly scenario: ScenarioName;
  /** Whether pods are on a node, where a deleted one stays until its kubelet has ended it. */
  readonly bound: boolean;
}

/** One run and what shall befall it. */
export interface Trial extends Undisturbed {
  readonly kind: Kind;
  /** Of the write, or of the request for faults of single requests, from 1. */
  readonly at: number;
  /** Of the child that is deleted. */
  readonly role: Role | undefined;
  /** Milliseconds: how late watches and held writes are, how far the clock jumps. */
  readonly ms: number;
}

/** Faults of one request, which may be a read. */
const REQUEST: ReadonlySet<Kind> = new Set([
  'answer-409',
  'answer-429',
  'answer-500',
  'dropped',
  'lost-answer',
]);

/** The waits it takes make it slow, and steps differ less here. */
const EVERY_STEPS: Partial<Record<Kind, number>> = { 'node-gone': 3 };

const CLOCK_JUMPS_MS = [300_000, 20_000, -5_000, -20_000];

/** What a campaign is confined to. */
interface Only {
  readonly kinds?: readonly Kind[];
  readonly scenarios?: readonly ScenarioName[];
}

/**
 * The trials of a campaign: each kind at each step of each scenario once, and then again with other delays, up to `runs` in all, in
 * an order that spreads the kinds. The same seed gives the same plan.
 */
export function plan(
  seed: number,
  runs: number,
  { kinds = KIND_NAMES, scenarios = SCENARIO_NAMES }: Only = {},
): Trial[] {
  const next = random(seed);
  const trials: Trial[] = [];
  while (trials.length < runs) {
    const round = shuffled(points(kinds, scenarios), next);
    for (const point of round.slice(0, runs - trials.length)) {
      trials.push({
        ...point,
        index: trials.length,
        bound: point.kind === 'node-gone' || next() < 0.5,
        ms: msOf(point.kind, next),
      });
    }
  }
  return trials;
}

type Point = Pick<Trial, 'kind' | 'scenario' | 'at' | 'role'>;

function points(kinds: readonly Kind[], scenarios: readonly ScenarioName[]): Point[] {
  const all: Point[] = [];
  for (const kind of kinds) {
    for (const scenario of scenarios) {
      const { writes, calls, cluster } = scenarioOf(scenario);
      const steps = REQUEST.has(kind) ? calls : kind === 'late-watches' ? 4 : writes;
      const roles = cluster === 'none' ? (['flow', 'files'] as const) : ROLES;
      for (let at = 1; at <= steps; at += EVERY_STEPS[kind] ?? 1) {
        if (kind === 'child-deleted') for (const role of roles) all.push({ kind, scenario, at, role });
        else all.push({ kind, scenario, at, role: undefined });
      }
    }
  }
  return all;
}

function msOf(kind: Kind, next: () => number): number {
  const share = next();
  if (kind === 'clock-jump') return CLOCK_JUMPS_MS[Math.floor(share * CLOCK_JUMPS_MS.length)] ?? 0;
  return Math.round(200 + 1300 * share);
}

function shuffled<T>(items: readonly T[], next: () => number): T[] {
  return items
    .map((item) => ({ item, key: next() }))
    .sort((one, other) => one.key - other.key)
    .map(({ item }) => item);
}

export function describe({ kind, scenario, at, role, bound, ms }: Trial): string {
  return `${kind}${role === undefined ? '' : ` (${role})`} at ${at} of \`${scenario}\`${bound ? ', pods on a node' : ''}, ${ms} ms`;
}
