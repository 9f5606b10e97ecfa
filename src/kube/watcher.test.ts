import { describe, expect, test } from 'vitest';
import { NetworkError, apiError } from './errors.ts';
import type { KubeObject } from './object.ts';
import { INITIAL, type Input, type State, step } from './watcher.ts';

const object = (name: string, resourceVersion: string): KubeObject => ({
  metadata: { name, resourceVersion },
});
const page = (names: string[], resourceVersion: string, token?: string): Input => ({
  type: 'page',
  items: names.map((name) => object(name, '1')),
  resourceVersion,
  token,
});
const failed = (error: unknown): Input => ({ type: 'failed', error });
const status = (code: number, retryAfter?: string) => apiError('GET /x', code, {}, retryAfter);
const watching = (resourceVersion: string, failures = 0): State => ({
  at: 'watch',
  resourceVersion,
  failures,
});
const gone: Input = { type: 'event', event: { type: 'error', error: status(410) } };
const noRandom = () => 0;

/** Follows inputs and returns the last state and all that was told, in short. */
function follow(from: State, inputs: Input[]): { state: State; told: string[] } {
  let state = from;
  const told: string[] = [];
  for (const input of inputs) {
    const next = step(state, input, noRandom);
    state = next.state;
    told.push(
      ...next.tell.map((one) => ('object' in one ? `${one.type} ${one.object.metadata.name}` : one.type)),
    );
  }
  return { state, told };
}

describe('a list', () => {
  test('in one page leads to a watch at its version', () => {
    expect(follow(INITIAL, [page(['a', 'b'], '7')])).toEqual({
      state: watching('7'),
      told: ['start', 'apply a', 'apply b', 'complete'],
    });
  });

  test('in pages is complete with the last one', () => {
    const { state, told } = follow(INITIAL, [page(['a'], '7', 't'), page(['b'], '7')]);
    expect(told).toEqual(['start', 'apply a', 'apply b', 'complete']);
    expect(state).toEqual(watching('7'));
  });

  test('whose page fails goes on with that page after a wait', () => {
    const { state, told } = follow(INITIAL, [page(['a'], '7', 't'), failed(status(500))]);
    expect(state).toEqual({ at: 'wait', ms: 800, next: { at: 'list', token: 't', failures: 1 } });
    expect(told).toEqual(['start', 'apply a']);
  });

  test('whose token expired starts over at once, then after waits', () => {
    const first = follow(INITIAL, [page(['a'], '7', 't'), failed(status(410))]);
    expect(first.state).toEqual({ at: 'list', token: undefined, failures: 1 });
    const second = follow(first.state, [page(['a'], '8', 'u'), failed(status(410))]);
    expect(second.state).toMatchObject({ at: 'wait', next: { at: 'list', token: undefined } });
    expect(second.told).toEqual(['start', 'apply a']);
  });

  test.each([401, 403, 404, 429, 500, 503])('that meets %i waits and tries again', (code) => {
    expect(step(INITIAL, failed(status(code)), noRandom).state).toMatchObject({
      at: 'wait',
      ms: 800,
      next: { at: 'list' },
    });
  });
});

describe('a watch', () => {
  test('tells changes and remembers the version of each', () => {
    const { state, told } = follow(watching('7', 3), [
      { type: 'event', event: { type: 'apply', object: object('a', '8') } },
      { type: 'event', event: { type: 'delete', object: object('a', '9') } },
    ]);
    expect(told).toEqual(['apply a', 'delete a']);
    expect(state).toEqual(watching('9'));
  });

  test('goes on from a bookmark, in silence', () => {
    const bookmark: Input = { type: 'event', event: { type: 'bookmark', resourceVersion: '20' } };
    expect(follow(watching('7', 2), [bookmark])).toEqual({ state: watching('20'), told: [] });
  });

  test('that ends after a while is taken up at once', () => {
    expect(step(watching('7', 2), { type: 'ended', afterMs: 290_000 }).state).toEqual(watching('7'));
  });

  test('that ends as soon as it began is a failure', () => {
    expect(step(watching('7'), { type: 'ended', afterMs: 3 }, noRandom).state).toEqual({
      at: 'wait',
      ms: 800,
      next: watching('7', 1),
    });
  });

  test.each([
    ['a reset', new NetworkError('reset')],
    ['403', status(403)],
    ['429', status(429)],
    ['500', status(500)],
  ])('broken by %s is taken up at the same version after a wait', (_name, error) => {
    expect(step(watching('7'), failed(error), noRandom).state).toEqual({
      at: 'wait',
      ms: 800,
      next: watching('7', 1),
    });
  });

  test.each([
    ['in the stream', gone],
    ['at its start', failed(status(410))],
  ])('met by 410 %s is followed by a new list, at once the first time only', (_name, input) => {
    const first = step(watching('7'), input, noRandom);
    expect(first).toEqual({ state: { at: 'list', token: undefined, failures: 1 }, tell: [] });
    const again = follow(first.state, [page([], '8'), input]);
    expect(again.state).toEqual({
      at: 'wait',
      ms: 1_600,
      next: { at: 'list', token: undefined, failures: 2 },
    });
  });

  test('an unknown error in the stream is followed by a wait and a new list', () => {
    const input: Input = { type: 'event', event: { type: 'error', error: status(500) } };
    expect(step(watching('7'), input, noRandom).state).toMatchObject({
      at: 'wait',
      ms: 800,
      next: { at: 'list' },
    });
  });

  test('five failures in a row lead to a new list, and the wait grows up to its limit', () => {
    let state: State = watching('7');
    const waits: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      state = step(state, failed(new NetworkError('reset')), noRandom).state;
      waits.push(state.at === 'wait' ? state.ms : 0);
      state = step(state, { type: 'waited' }).state;
    }
    expect(waits).toEqual([800, 1_600, 3_200, 6_400, 12_800]);
    expect(state).toEqual({ at: 'list', token: undefined, failures: 5 });
    const late = step(watching('7', 100), failed(status(500)), noRandom).state;
    expect(late).toMatchObject({ at: 'wait', ms: 30_000 });
  });

  test('Retry-After is waited for at least', () => {
    expect(step(watching('7'), failed(status(429, '17')), noRandom).state).toMatchObject({ ms: 17_000 });
  });
});

test('a list alone does not reset the wait: a server that lists but never watches is not hammered', () => {
  const { state } = follow(INITIAL, [
    failed(status(500)),
    { type: 'waited' },
    page([], '7'),
    failed(status(500)),
  ]);
  expect(state).toMatchObject({ at: 'wait', ms: 1_600 });
});
