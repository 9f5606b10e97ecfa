import { type Backoff, backoffMs } from './backoff.ts';
import { ApiError, isGone } from './errors.ts';
import type { KubeObject } from './object.ts';
import type { WatchEvent } from './wire.ts';

/**
 * List, then watch, for ever, as a pure state machine: `step` takes a state and what happened, and returns the next state and what
 * to tell. The driver (reflector.ts) does what the state says.
 *
 * Guarantees:
 * - Told in full: `start`, the pages' objects, `complete`; then changes in the server's order. A list that is cut short is never
 *   told as complete.
 * - A watch that ends or breaks is taken up again at the last version seen (bookmarks included), nothing missed.
 * - A version the server no longer remembers (410, in or before the stream), an unknown error in the stream, and five failures of a
 *   watch in a row lead to a new list.
 * - Any failure (403, 429, 5xx, connection) waits, longer each time, at least as long as Retry-After; it never gives up.
 *   Only a sign of life from the watch resets the wait, so lists that succeed before watches that fail do not hammer the server.
 */
export type State =
  /** Fetch the page at `token`; undefined: the first one. */
  | { readonly at: 'list'; readonly token: string | undefined; readonly failures: number }
  /** Watch from `resourceVersion`; `failures` in a row so far. */
  | { readonly at: 'watch'; readonly resourceVersion: string; readonly failures: number }
  /** Wait, then go on with `next`. */
  | { readonly at: 'wait'; readonly ms: number; readonly next: Exclude<State, { at: 'wait' }> };

export type Input =
  | {
      readonly type: 'page';
      readonly items: KubeObject[];
      readonly resourceVersion: string;
      readonly token: string | undefined;
    }
  | { readonly type: 'event'; readonly event: WatchEvent }
  /** The server ended the watch in good order, `afterMs` after it began. */
  | { readonly type: 'ended'; readonly afterMs: number }
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'waited' };

export type Output =
  | { readonly type: 'start' }
  | { readonly type: 'apply' | 'delete'; readonly object: KubeObject }
  | { readonly type: 'complete' };

export interface Step {
  readonly state: State;
  readonly tell: readonly Output[];
}

export const INITIAL: State = { at: 'list', token: undefined, failures: 0 };
export const WATCH_BACKOFF: Backoff = { baseMs: 800, maxMs: 30_000, jitter: 0.5 };

const RELIST_AFTER = 5;
/** A watch that lived this long is no failure, whatever it brought. */
const HEALTHY_MS = 5_000;

export function step(state: State, input: Input, random: () => number = Math.random): Step {
  if (state.at === 'wait') {
    return { state: input.type === 'waited' ? state.next : state, tell: [] };
  }
  if (input.type === 'failed') {
    return { state: after(state, input.error, random), tell: [] };
  }
  if (state.at === 'list') {
    return input.type === 'page' ? onPage(state, input) : { state, tell: [] };
  }
  if (input.type === 'ended') {
    const healthy = input.afterMs >= HEALTHY_MS;
    return { state: healthy ? { ...state, failures: 0 } : after(state, undefined, random), tell: [] };
  }
  return input.type === 'event' ? onEvent(state, input.event, random) : { state, tell: [] };
}

function onPage(state: State & { at: 'list' }, page: Input & { type: 'page' }): Step {
  const applied = page.items.map((object) => ({ type: 'apply' as const, object }));
  const { failures, token } = state;
  return {
    state:
      page.token === undefined
        ? { at: 'watch', resourceVersion: page.resourceVersion, failures }
        : { at: 'list', token: page.token, failures },
    tell: [
      ...(token === undefined ? [{ type: 'start' as const }] : []),
      ...applied,
      ...(page.token === undefined ? [{ type: 'complete' as const }] : []),
    ],
  };
}

function onEvent(state: State & { at: 'watch' }, event: WatchEvent, random: () => number): Step {
  if (event.type === 'error') {
    return {
      state: after({ at: 'list', token: undefined, failures: state.failures }, event.error, random),
      tell: [],
    };
  }
  if (event.type === 'bookmark') {
    return { state: { at: 'watch', resourceVersion: event.resourceVersion, failures: 0 }, tell: [] };
  }
  const { type, object } = event;
  const resourceVersion = object.metadata.resourceVersion ?? state.resourceVersion;
  return { state: { at: 'watch', resourceVersion, failures: 0 }, tell: [{ type, object }] };
}

/** What follows a failure: the same again or a new list; at once only for the first 410. */
function after(state: Exclude<State, { at: 'wait' }>, error: unknown, random: () => number): State {
  const failures = state.failures + 1;
  const gone = isGone(error);
  const relist =
    state.at === 'list' ? gone || state.token === undefined : gone || failures % RELIST_AFTER === 0;
  const next = relist ? { at: 'list' as const, token: undefined, failures } : { ...state, failures };
  if (gone && failures === 1) {
    return next;
  }
  const asked = error instanceof ApiError ? (error.retryAfter ?? 0) * 1000 : 0;
  return { at: 'wait', ms: Math.max(asked, backoffMs(WATCH_BACKOFF, failures, random)), next };
}
