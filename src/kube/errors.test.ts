import { describe, expect, test } from 'vitest';
import {
  FencedError,
  NetworkError,
  apiError,
  isAlreadyExists,
  isConflict,
  isFenced,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
  isRetryable,
} from './errors.ts';

const answer = (status: number, reason = '') =>
  apiError('GET /x', status, { kind: 'Status', reason, message: 'said' });

describe('predicates', () => {
  test.each([
    ['isNotFound', isNotFound, answer(404, 'NotFound')],
    ['isConflict', isConflict, answer(409, 'Conflict')],
    ['isAlreadyExists', isAlreadyExists, answer(409, 'AlreadyExists')],
    ['isForbidden', isForbidden, answer(403, 'Forbidden')],
    ['isInvalid', isInvalid, answer(422, 'Invalid')],
    ['isGone', isGone, answer(410, 'Expired')],
    ['isRetryable', isRetryable, answer(429)],
    ['isRetryable', isRetryable, answer(500)],
    ['isRetryable', isRetryable, new NetworkError('lost')],
    ['isFenced', isFenced, new FencedError('no')],
  ])('%s', (_name, predicate, error) => {
    const all = [
      isNotFound,
      isConflict,
      isAlreadyExists,
      isForbidden,
      isInvalid,
      isGone,
      isRetryable,
      isFenced,
    ];
    expect(all.filter((one) => one(error))).toEqual([predicate]);
  });
});

describe('apiError', () => {
  test('says what was asked, the status, the reason and what the server said', () => {
    expect(answer(404, 'NotFound').message).toBe('GET /x: 404 NotFound: said');
  });

  test('takes a body that is no Status', () => {
    expect(apiError('GET /x', 502, '<html>Bad gateway</html>\n').message).toBe(
      'GET /x: 502: <html>Bad gateway</html>',
    );
    expect(apiError('GET /x', 502, undefined).message).toBe('GET /x: 502');
    expect(apiError('GET /x', 500, { details: null, message: 7 }).message).toBe('GET /x: 500');
  });

  test('bounds the message', () => {
    expect(apiError('GET /x', 500, 'y'.repeat(100_000)).message.length).toBeLessThan(1_100);
  });

  test.each([
    ['seconds', '7', {}, 7],
    ['nothing', '', {}, undefined],
    ['nonsense', 'soon', {}, undefined],
    ['only the body', '', { details: { retryAfterSeconds: 3 } }, 3],
  ])('reads Retry-After given as %s', (_name, header, body, want) => {
    expect(apiError('GET /x', 429, body, header).retryAfter).toBe(want);
  });

  test('reads Retry-After given as a date', () => {
    const date = new Date(Date.now() + 60_000).toUTCString();
    expect(apiError('GET /x', 429, {}, date).retryAfter).toBeGreaterThan(57);
  });
});
