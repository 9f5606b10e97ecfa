import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Informer, type InformerOptions } from '../../../src/kube/informer.ts';
import { CONFIG_MAP, type Resource } from '../../../src/kube/resource.ts';
import { eventually } from '../../support/eventually.ts';
import type { Fault } from '../../support/fault.ts';
import { WIDGET, type World, begin, configMap, widget } from './world.ts';

let world: World;
const running: (() => Promise<void>)[] = [];
beforeAll(async () => {
  world = await begin('kube-informer');
});
afterEach(async () => {
  world.proxy.heal();
  await Promise.all(running.splice(0).map((stop) => stop()));
});
afterAll(() => world[Symbol.asyncDispose]());

const WATCH = /watch=true/;

function start(namespace: string, options: Partial<InformerOptions> = {}, resource: Resource = CONFIG_MAP) {
  const abort = new AbortController();
  const changes: string[] = [];
  const errors: unknown[] = [];
  const labelSelector = resource === CONFIG_MAP ? 'of=test' : undefined;
  const informer = new Informer({
    client: world.client(),
    resource,
    namespace,
    labelSelector,
    onError: (error) => errors.push(error),
    ...options,
  });
  informer.onChange((object, previous) => {
    const what = object === undefined ? 'deleted' : previous === undefined ? 'added' : 'changed';
    changes.push(`${what} ${(object ?? previous)?.metadata.name}`);
  });
  const done = informer.run(abort.signal);
  running.push(() => {
    abort.abort();
    return done;
  });
  const synced = () => eventually('synced', () => informer.synced);
  const sees = (name: string) =>
    eventually(`sees ${name}`, () => informer.store.get(`${namespace}/${name}`), 30);
  return { informer, changes, errors, synced, sees };
}

const add = (namespace: string, name: string) =>
  world.admin.create(CONFIG_MAP, configMap(namespace, name, { of: 'test' }));
const remove = async (namespace: string, name: string) => {
  const object = await world.admin.get(CONFIG_MAP, namespace, name);
  await world.admin.delete(CONFIG_MAP, namespace, name, { uid: object.metadata.uid ?? '' });
};
const lists = (namespace: string) =>
  world.proxy.requests.filter(({ path }) => path.includes(`/${namespace}/`) && !WATCH.test(path)).length;

describe('the informer', () => {
  test('lists, watches and tells every change once, in order, without managed fields', async () => {
    const namespace = await world.namespace('plain');
    await add(namespace, 'a');
    const { informer, changes, synced, sees } = start(namespace, {
      indexes: { of: (object) => [object.metadata.labels?.['of'] ?? ''] },
    });
    await synced();
    await add(namespace, 'b');
    await sees('b');
    await world.admin.patch(CONFIG_MAP, namespace, 'a', { data: { x: '1' } }, { type: 'merge' });
    await eventually('a changed', () => changes.includes('changed a'));
    await remove(namespace, 'b');
    await eventually('b deleted', () => changes.includes('deleted b'));
    expect(changes).toEqual(['added a', 'added b', 'changed a', 'deleted b']);
    expect(informer.store.by('of', 'test').map((object) => object.metadata.name)).toEqual(['a']);
    expect(informer.store.get(`${namespace}/a`)).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    expect(informer.store.get(`${namespace}/a`)?.metadata).not.toHaveProperty('managedFields');
    expect(informer.lastEventAge).toBeLessThan(20_000);
  });

  test('lists in pages', async () => {
    const namespace = await world.namespace('pages');
    await Promise.all(Array.from({ length: 501 }, (_, n) => add(namespace, `c${n}`)));
    const { informer, synced } = start(namespace);
    await synced();
    expect(informer.store.size).toBe(501);
    expect(lists(namespace)).toBe(2);
  });

  test.each<[string, Fault]>([
    ['500', { type: 'status', status: 500 }],
    ['403', { type: 'status', status: 403 }],
    ['429', { type: 'status', status: 429, headers: { 'retry-after': '1' } }],
    ['a reset', { type: 'reset' }],
    ['a page that is no JSON', { type: 'status', status: 200, body: '<html>' }],
  ])('gets through %s on the list and on the watch', async (name, fault) => {
    const namespace = await world.namespace(`through-${name.replaceAll(' ', '-')}`.toLowerCase());
    await add(namespace, 'a');
    world.proxy.on({ path: /limit=500/, times: 2 }, fault);
    world.proxy.on({ path: WATCH, times: 2 }, fault);
    const { synced, sees, changes } = start(namespace);
    await synced();
    await add(namespace, 'b');
    await sees('b');
    expect(changes).toEqual(['added a', 'added b']);
  });

  test.each(['reset', 'end'] as const)(
    'takes up a watch that saw a %s where it was, without a new list',
    async (how) => {
      const namespace = await world.namespace(`taken-up-${how}`);
      const { informer, synced, sees, changes } = start(namespace);
      await synced();
      await add(namespace, 'a');
      await sees('a');
      await eventually(
        'the watch is under way',
        () => world.proxy.strike(new RegExp(`/${namespace}/.*watch`), how) === 1,
      );
      await add(namespace, 'b');
      expect(informer.store.get(`${namespace}/a`)).toBeDefined();
      await sees('b');
      expect(changes).toEqual(['added a', 'added b']);
      expect(lists(namespace)).toBe(1);
    },
  );

  test('finds out that the other end is gone', async () => {
    const namespace = await world.namespace('half-open');
    const { informer, synced, sees } = start(namespace, { idleMs: 2_000 });
    await synced();
    await eventually(
      'the watch is under way',
      () => world.proxy.strike(/half-open.*watch/, 'halfOpen') === 1,
    );
    await add(namespace, 'a');
    await sees('a');
    expect(informer.synced).toBe(true);
    expect(lists(namespace)).toBe(1);
  });

  test('lists anew after 410 in the stream, and tells only what differs', async () => {
    const namespace = await world.namespace('gone');
    const { synced, sees, changes } = start(namespace);
    await add(namespace, 'a');
    await add(namespace, 'b');
    await synced();
    await sees('b');
    await eventually('the watch is under way', () => world.proxy.strike(/gone.*watch/, 'halfOpen') === 1);
    await remove(namespace, 'a');
    await add(namespace, 'c');
    const before = changes.length;
    world.proxy.strike(/gone.*watch/, 'gone');
    await sees('c');
    await eventually('a is gone', () => changes.includes('deleted a'));
    expect(changes.slice(before).sort()).toEqual(['added c', 'deleted a']);
    expect(lists(namespace)).toBe(2);
  });

  test('lists anew after 410 at the start of a watch', async () => {
    const namespace = await world.namespace('gone-first');
    const body = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };
    world.proxy.on({ path: WATCH, times: 1 }, { type: 'status', status: 410, body });
    const { synced, sees } = start(namespace);
    await synced();
    await add(namespace, 'a');
    await sees('a');
    expect(lists(namespace)).toBe(2);
  });

  test('a watch from a version that the server itself has compacted or never had comes right', async () => {
    const namespace = await world.namespace('future');
    const client = world.client();
    const page = client.listPage.bind(client);
    let lied = false;
    client.listPage = async (...args) => {
      const answer = await page(...args);
      const resourceVersion = lied ? answer.resourceVersion : '1';
      lied = true;
      return { ...answer, resourceVersion };
    };
    const { sees } = start(namespace, { client });
    const added = await add(namespace, 'a');
    expect((await sees('a')).metadata.uid).toBe(added.metadata.uid);
  });

  test('reads a watch that arrives in pieces, with objects of a megabyte', async () => {
    const namespace = await world.namespace('pieces');
    world.proxy.on({ path: WATCH }, { type: 'split', bytes: 997 });
    const { informer, synced, sees } = start(namespace, {}, WIDGET);
    await synced();
    const text = 'é'.repeat(250_000);
    await world.admin.create(
      WIDGET,
      widget(namespace, 'large', { text, big: JSON.rawJSON('9223372036854775807') }),
    );
    await sees('large');
    const spec = informer.store.get(`${namespace}/large`)?.['spec'];
    expect(JSON.stringify(spec)).toBe(JSON.stringify({ big: JSON.rawJSON('9223372036854775807'), text }));
  });

  test('a re-created object is told as a change, with both UIDs', async () => {
    const namespace = await world.namespace('again');
    const { informer, synced, sees } = start(namespace);
    await add(namespace, 'a');
    await synced();
    const first = await sees('a');
    const pairs: (string | undefined)[][] = [];
    informer.onChange((object, previous) => pairs.push([object?.metadata.uid, previous?.metadata.uid]));
    await eventually('the watch is under way', () => world.proxy.strike(/again.*watch/, 'halfOpen') === 1);
    await remove(namespace, 'a');
    const second = await add(namespace, 'a');
    world.proxy.strike(/again.*watch/, 'gone');
    await eventually('told', () => pairs.length > 0);
    expect(pairs).toEqual([[second.metadata.uid, first.metadata.uid]]);
  });

  test('a handler that throws is reported and stops nothing', async () => {
    const namespace = await world.namespace('throws');
    const { informer, synced, sees, errors } = start(namespace);
    informer.onChange(() => {
      throw new Error('handler');
    });
    await synced();
    await add(namespace, 'a');
    await add(namespace, 'b');
    await sees('b');
    expect(errors.map(String)).toEqual(['Error: handler', 'Error: handler']);
  });
});
