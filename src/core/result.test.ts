import { describe, expect, test } from 'vitest';

import { resultInMessage } from './result.ts';

const report = (more: string) =>
  `{"version":1,"uid":"u","attempt":2,"outcome":"Succeeded","exitCode":0,"class":null,"reason":"Succeeded","message":""${more}}`;

describe('a report in a termination message', () => {
  test('keeps every digit of its value', () => {
    const found = resultInMessage(report(',"value":{"id":9223372036854775807,"half":0.5}'), 'u', 2);
    expect(JSON.stringify(found?.value)).toBe('{"id":9223372036854775807,"half":0.5}');
  });

  test.each([
    ['of another run', report(''), 'v', 2],
    ['of another attempt', report(''), 'u', 1],
    ['cut short', report('').slice(0, -1), 'u', 2],
    ['that is a text of the program', 'done', 'u', 2],
    ['of another shape', '{"outcome":"Succeeded"}', 'u', 2],
  ])('%s is none', (_, message, uid, attempt) => {
    expect(resultInMessage(message, uid, attempt)).toBeUndefined();
  });
});
