import { describe, expect, test } from 'vitest';
import type { KubeObject } from './object.ts';
import { Store } from './store.ts';

const pod = (name: string, app: string): KubeObject => ({
  metadata: { namespace: 'a', name, labels: { app } },
});
const byApp = { app: (object: KubeObject) => Object.values(object.metadata.labels ?? {}) };

describe('Store', () => {
  test('finds by key and by index', () => {
    const store = new Store(byApp);
    store.set(pod('one', 'x'));
    store.set(pod('two', 'x'));
    store.set(pod('three', 'y'));
    expect(store.get('a/two')).toEqual(pod('two', 'x'));
    expect(store.by('app', 'x')).toEqual([pod('one', 'x'), pod('two', 'x')]);
    expect(store.by('app', 'none')).toEqual([]);
    expect(store.counts('app')).toEqual(
      new Map([
        ['x', 2],
        ['y', 1],
      ]),
    );
  });

  test('moves an object whose index value changes', () => {
    const store = new Store(byApp);
    store.set(pod('one', 'x'));
    expect(store.set(pod('one', 'y'))).toEqual(pod('one', 'x'));
    expect(store.by('app', 'x')).toEqual([]);
    expect(store.by('app', 'y')).toHaveLength(1);
    expect(store.size).toBe(1);
  });

  test('forgets a deleted object everywhere', () => {
    const store = new Store(byApp);
    store.set(pod('one', 'x'));
    expect(store.delete('a/one')).toEqual(pod('one', 'x'));
    expect(store.delete('a/one')).toBeUndefined();
    expect(store.counts('app')).toEqual(new Map());
    expect(store.list()).toEqual([]);
  });

  test('an index that does not exist is a mistake of the caller', () => {
    expect(() => new Store().by('app', 'x')).toThrow("no index 'app'");
  });
});
