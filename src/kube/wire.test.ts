import { describe, expect, test } from 'vitest';
import { isGone } from './errors.ts';
import { POD } from './resource.ts';
import { linesOf, toKubeObject, toPage, toWatchEvent } from './wire.ts';

async function* pieces(text: string, size: number): AsyncGenerator<string> {
  for (let start = 0; start < text.length; start += size) {
    yield await Promise.resolve(text.slice(start, start + size));
  }
}

test.each([1, 2, 3, 7, 1_000])('lines arrive whole however they are cut (%i characters)', async (size) => {
  const lines: string[] = [];
  for await (const line of linesOf(pieces('{"a":1}\n\n{"b":"é"}\n{"cut', size))) {
    lines.push(line);
  }
  expect(lines).toEqual(['{"a":1}', '{"b":"é"}']);
});

describe('toWatchEvent', () => {
  const object = { metadata: { name: 'a', resourceVersion: '5' } };

  test.each([
    ['ADDED', 'apply'],
    ['MODIFIED', 'apply'],
    ['DELETED', 'delete'],
  ])('%s', (type, want) => {
    expect(toWatchEvent(JSON.stringify({ type, object }))).toEqual({ type: want, object });
  });

  test('BOOKMARK', () => {
    const line = JSON.stringify({ type: 'BOOKMARK', object });
    expect(toWatchEvent(line)).toEqual({ type: 'bookmark', resourceVersion: '5' });
  });

  test('ERROR', () => {
    const line = JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
    const event = toWatchEvent(line);
    expect(event.type === 'error' && isGone(event.error)).toBe(true);
  });

  test.each(['{}', 'null', '{"type":"ADDED","object":{}}', '{"type":"NEW","object":{"metadata":{}}}'])(
    'refuses %s',
    (line) => {
      expect(() => toWatchEvent(line)).toThrow('not a watch event');
    },
  );
});

describe('toPage', () => {
  test('gives items the type that lists leave out', () => {
    const page = toPage(POD, {
      metadata: { resourceVersion: '5', continue: 't' },
      items: [{ metadata: { name: 'a' } }],
    });
    expect(page).toEqual({
      items: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }],
      resourceVersion: '5',
      continue: 't',
    });
  });

  test('takes null for no items and an empty token for none', () => {
    const page = toPage(POD, { metadata: { resourceVersion: '5', continue: '' }, items: null });
    expect(page).toEqual({ items: [], resourceVersion: '5' });
  });

  test.each([undefined, 'text', { metadata: {} }])('refuses %j', (value) => {
    expect(() => toPage(POD, value)).toThrow('not a list');
  });
});

test('an answer that is no object is refused', () => {
  expect(() => toKubeObject({ kind: 'APIVersions' })).toThrow('not an object with metadata but APIVersions');
});
