import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  AlreadyExistsError,
  ApiError,
  ConflictError,
  FencedError,
  NetworkError,
  isForbidden,
  isInvalid,
  isNotFound,
} from '../../../src/kube/errors.ts';
import { CONFIG_MAP, NAMESPACE } from '../../../src/kube/resource.ts';
import { WIDGET, type World, begin, configMap, widget } from './world.ts';

let world: World;
let namespace: string;
beforeAll(async () => {
  world = await begin('kube-client');
  namespace = await world.namespace('client');
});
afterEach(() => world.proxy.heal());
afterAll(() => world[Symbol.asyncDispose]());

const owned = (name: string, ownerUid: string) => {
  const object = configMap(namespace, name);
  object.metadata.ownerReferences = [
    { apiVersion: 'v1', kind: 'Pod', name: 'owner', uid: ownerUid, controller: true },
  ];
  return object;
};

const uidOf = (object: { metadata: { uid?: string } }): string => object.metadata.uid ?? '';
const sent = (from: number) =>
  world.proxy.requests.slice(from).map(({ method, status }) => `${method} ${status}`);
const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('connections', () => {
  test('300 requests at once share the pool and its connections are used again', async () => {
    const client = world.client({ connections: 8 });
    const before = world.proxy.connectionsOpened;
    for (let round = 0; round < 2; round += 1) {
      await Promise.all(Array.from({ length: 300 }, () => client.get(NAMESPACE, undefined, namespace)));
    }
    expect(world.proxy.connectionsOpened - before).toBeLessThanOrEqual(8);
  });

  test('requests in turn use two connections at most: one is free again a moment after its answer is complete', async () => {
    const client = world.client();
    const before = world.proxy.connectionsOpened;
    for (let count = 0; count < 20; count += 1) {
      await client.get(NAMESPACE, undefined, namespace);
    }
    expect(world.proxy.connectionsOpened - before).toBeLessThanOrEqual(2);
  });

  test('a connection whose other end is gone costs a time-out, and is not used again', async () => {
    const client = world.client({ readTimeoutMs: 500, connections: 4 });
    await client.get(NAMESPACE, undefined, namespace);
    world.proxy.freezeConnections();
    await expect(client.get(NAMESPACE, undefined, namespace)).resolves.toMatchObject({ kind: 'Namespace' });
  });

  test('an aborted request ends at once with the reason', async () => {
    const client = world.client();
    world.proxy.on({ path: /client/ }, { type: 'halfOpen' });
    const abort = new AbortController();
    const request = client.get(NAMESPACE, undefined, namespace, { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(request).rejects.toThrow('enough');
  });
});

describe('retries', () => {
  test('reads go through 429 with Retry-After, 503 and a reset', async () => {
    const client = world.client();
    world.proxy.on({ nth: 1 }, { type: 'status', status: 429, headers: { 'retry-after': '1' } });
    world.proxy.on({ nth: 1 }, { type: 'status', status: 503 });
    world.proxy.on({ nth: 1 }, { type: 'reset' });
    const from = world.proxy.requests.length;
    const begun = performance.now();
    await client.get(NAMESPACE, undefined, namespace);
    expect(performance.now() - begun).toBeGreaterThan(1_000);
    expect(sent(from)).toEqual(['GET 429', 'GET 503', 'GET 0', 'GET 200']);
  });

  test('gives up after four attempts, and at once when told to stay away for long', async () => {
    const client = world.client();
    const from = world.proxy.requests.length;
    const heal = world.proxy.on({}, { type: 'status', status: 503, headers: { 'retry-after': '0.01' } });
    await expect(client.get(NAMESPACE, undefined, namespace)).rejects.toMatchObject({ status: 503 });
    expect(sent(from)).toHaveLength(4);
    heal();
    world.proxy.on({}, { type: 'status', status: 429, headers: { 'retry-after': '120' } });
    await expect(client.get(NAMESPACE, undefined, namespace)).rejects.toMatchObject({
      status: 429,
      retryAfter: 120,
    });
    expect(sent(from)).toHaveLength(5);
  });

  test('a POST is sent once: what it makes may not be wanted any more', async () => {
    const client = world.client();
    const from = world.proxy.requests.length;
    world.proxy.on({ method: 'POST' }, { type: 'status', status: 429, headers: { 'retry-after': '1' } });
    const answer = { status: 429, retryAfter: 1 };
    await expect(client.create(CONFIG_MAP, configMap(namespace, 'once'))).rejects.toMatchObject(answer);
    await expect(client.createOwned(CONFIG_MAP, owned('once', 'uid-1'))).rejects.toMatchObject(answer);
    expect(sent(from)).toEqual(['POST 429', 'POST 429']);
  });

  test('a write whose answer is lost is a NetworkError, and took place', async () => {
    const client = world.client();
    world.proxy.on({ method: 'POST' }, { type: 'loseAnswer' });
    await expect(client.create(CONFIG_MAP, configMap(namespace, 'lost'))).rejects.toBeInstanceOf(
      NetworkError,
    );
    await expect(world.admin.get(CONFIG_MAP, namespace, 'lost')).resolves.toMatchObject({
      kind: 'ConfigMap',
    });
  });

  test('a fence closed between two attempts keeps the second from being sent', async () => {
    let open = true;
    const client = world.client({ mayWrite: () => open });
    const made = await client.create(CONFIG_MAP, configMap(namespace, 'fenced'));
    world.proxy.on({ method: 'DELETE' }, { type: 'status', status: 503, headers: { 'retry-after': '0.2' } });
    const from = world.proxy.requests.length;
    const deletion = caught(client.delete(CONFIG_MAP, namespace, 'fenced', { uid: uidOf(made) }));
    await expect.poll(() => sent(from)).toEqual(['DELETE 503']);
    open = false;
    expect(await deletion).toBeInstanceOf(FencedError);
    await expect(client.create(CONFIG_MAP, configMap(namespace, 'no'))).rejects.toBeInstanceOf(FencedError);
    await expect(client.get(CONFIG_MAP, namespace, 'fenced')).resolves.toBeDefined();
    expect(sent(from)).toEqual(['DELETE 503', 'GET 200']);
    await expect(client.unfenced().create(CONFIG_MAP, configMap(namespace, 'yes'))).resolves.toBeDefined();
  });
});

describe('errors', () => {
  test('are what the server said', async () => {
    const missing = await caught(world.admin.get(CONFIG_MAP, namespace, 'missing'));
    expect(isNotFound(missing)).toBe(true);
    expect(String(missing)).toBe(
      'ApiError: GET /api/v1/namespaces/client/configmaps/missing: 404 NotFound: configmaps "missing" not found',
    );
    const bad = await caught(world.admin.create(CONFIG_MAP, configMap(namespace, 'Not A Name')));
    expect(isInvalid(bad)).toBe(true);
    const anonymous = world.client();
    world.proxy.on(
      {},
      { type: 'status', status: 403, body: { kind: 'Status', reason: 'Forbidden', message: 'no' } },
    );
    expect(isForbidden(await caught(anonymous.list(CONFIG_MAP)))).toBe(true);
  });

  test('a list is fetched page by page', async () => {
    const paged = await world.namespace('paged');
    await Promise.all(
      Array.from({ length: 25 }, (_, n) => world.admin.create(CONFIG_MAP, configMap(paged, `c${n}`))),
    );
    const client = world.client();
    const from = world.proxy.requests.length;
    const { items, resourceVersion } = await client.list(CONFIG_MAP, { namespace: paged, limit: 10 });
    expect(sent(from)).toEqual(['GET 200', 'GET 200', 'GET 200']);
    expect(new Set(items.map((item) => item.metadata.name)).size).toBe(items.length);
    expect(items.length).toBeGreaterThanOrEqual(25);
    expect(items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    expect(resourceVersion).toMatch(/^\d+$/);
  });

  test('a list whose token expires starts over', async () => {
    const client = world.client();
    const gone = { kind: 'Status', code: 410, reason: 'Expired', message: 'continue token expired' };
    world.proxy.on({ path: /continue=/, nth: 2 }, { type: 'status', status: 410, body: gone });
    const { items } = await client.list(CONFIG_MAP, { namespace: 'paged', limit: 10 });
    expect(new Set(items.map((item) => item.metadata.name)).size).toBe(items.length);
    expect(items.length).toBeGreaterThanOrEqual(25);
  });
});

describe('createOwned', () => {
  test('a second time it finds its own', async () => {
    const first = await world.admin.createOwned(CONFIG_MAP, owned('own', 'uid-1'));
    const second = await world.admin.createOwned(CONFIG_MAP, owned('own', 'uid-1'));
    expect([first.created, second.created]).toEqual([true, false]);
    expect(uidOf(second.object)).toBe(uidOf(first.object));
  });

  test('a lost answer is made good by doing it again', async () => {
    const client = world.client();
    world.proxy.on({ method: 'POST', nth: 1 }, { type: 'loseAnswer' });
    await expect(client.createOwned(CONFIG_MAP, owned('own-lost', 'uid-1'))).rejects.toBeInstanceOf(
      NetworkError,
    );
    await expect(client.createOwned(CONFIG_MAP, owned('own-lost', 'uid-1'))).resolves.toMatchObject({
      created: false,
    });
  });

  test.each([
    ['another controller', () => owned('theirs', 'uid-2')],
    ['nobody', () => configMap(namespace, 'nobodys')],
  ])('what belongs to %s is refused', async (_name, existing) => {
    const object = existing();
    await world.admin.create(CONFIG_MAP, object);
    const mine = owned(String(object.metadata.name), 'uid-1');
    await expect(world.admin.createOwned(CONFIG_MAP, mine)).rejects.toBeInstanceOf(AlreadyExistsError);
  });
});

describe('preconditions', () => {
  test('a delete leaves a successor of the same name alone, and takes absence as success', async () => {
    const first = await world.admin.create(CONFIG_MAP, configMap(namespace, 'heir'));
    await world.admin.delete(CONFIG_MAP, namespace, 'heir', { uid: uidOf(first) });
    await world.admin.delete(CONFIG_MAP, namespace, 'heir', { uid: uidOf(first) });
    const second = await world.admin.create(CONFIG_MAP, configMap(namespace, 'heir'));
    const error = await caught(world.admin.delete(CONFIG_MAP, namespace, 'heir', { uid: uidOf(first) }));
    expect(error).toBeInstanceOf(ConflictError);
    expect(uidOf(await world.admin.get(CONFIG_MAP, namespace, 'heir'))).toBe(uidOf(second));
  });

  test('a status written from an old version is a conflict and changes nothing', async () => {
    const old = await world.admin.create(WIDGET, widget(namespace, 'status', { a: 1 }));
    const written = await world.admin.replaceStatus(WIDGET, { ...old, status: { n: 1 } });
    expect(written).toMatchObject({ status: { n: 1 }, spec: { a: 1 } });
    const error = await caught(world.admin.replaceStatus(WIDGET, { ...old, status: { n: 2 } }));
    expect(error).toBeInstanceOf(ConflictError);
    expect(await world.admin.get(WIDGET, namespace, 'status')).toMatchObject({ status: { n: 1 } });
  });

  test.each(['merge', 'json'] as const)('a %s patch holds for one UID and one version', async (type) => {
    const made = await world.admin.create(CONFIG_MAP, configMap(namespace, `patched-${type}`));
    const name = String(made.metadata.name);
    const body = (value: string) =>
      type === 'merge' ? { data: { a: value } } : [{ op: 'add', path: '/data', value: { a: value } }];
    const resourceVersion = made.metadata.resourceVersion ?? '';
    await world.admin.patch(CONFIG_MAP, namespace, name, body('1'), {
      type,
      uid: uidOf(made),
      resourceVersion,
    });
    const late = caught(world.admin.patch(CONFIG_MAP, namespace, name, body('2'), { type, resourceVersion }));
    const other = caught(
      world.admin.patch(CONFIG_MAP, namespace, name, body('3'), { type, uid: crypto.randomUUID() }),
    );
    for (const error of [await late, await other])
      expect(error).toBeInstanceOf(type === 'merge' ? ConflictError : ApiError);
    expect(await world.admin.get(CONFIG_MAP, namespace, name)).toMatchObject({ data: { a: '1' } });
  });

  test('deleteCollection takes what the selector names, and no selector without the required keys', async () => {
    const client = world.client({ requiredSelectorKeys: ['uid', 'role'] });
    await Promise.all(
      ['1', '2', '3'].map((n) =>
        client.create(
          CONFIG_MAP,
          configMap(namespace, `many-${n}`, { uid: n === '3' ? 'b' : 'a', role: 'worker' }),
        ),
      ),
    );
    const from = world.proxy.requests.length;
    for (const labelSelector of ['', 'uid=a', 'uid=a,role', 'uid=a,role!=x']) {
      await expect(client.deleteCollection(CONFIG_MAP, namespace, { labelSelector })).rejects.toThrow(
        'must pin',
      );
    }
    expect(sent(from)).toEqual([]);
    await client.deleteCollection(CONFIG_MAP, namespace, { labelSelector: 'uid=a,role in (worker)' });
    const { items } = await client.list(CONFIG_MAP, { namespace, labelSelector: 'role=worker' });
    expect(items.map((item) => item.metadata.name)).toEqual(['many-3']);
  });
});

test('integers beyond 2^53 and unknown fields survive reading and writing back', async () => {
  const spec = {
    big: JSON.rawJSON('9223372036854775807'),
    odd: JSON.rawJSON('9007199254740993'),
    deep: { x: [1.5, -0.25] },
  };
  await world.admin.create(WIDGET, widget(namespace, 'big', spec));
  const read = await world.admin.get(WIDGET, namespace, 'big');
  expect(JSON.stringify(read['spec'])).toBe(
    '{"big":9223372036854775807,"deep":{"x":[1.5,-0.25]},"odd":9007199254740993}',
  );
  const written = await world.admin.replace(WIDGET, read);
  expect(written.metadata.resourceVersion).toBe(read.metadata.resourceVersion);
});

test('a dry run creates nothing', async () => {
  await world.admin.create(CONFIG_MAP, configMap(namespace, 'dry'), { dryRun: true });
  expect(isNotFound(await caught(world.admin.get(CONFIG_MAP, namespace, 'dry')))).toBe(true);
});
