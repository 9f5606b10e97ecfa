import { expect, test } from 'vitest';
import { CONFIG_MAP, LEASE, NAMESPACE, collectionPath, objectPath } from './resource.ts';

test.each([
  ['a core resource in a namespace', collectionPath(CONFIG_MAP, 'a'), '/api/v1/namespaces/a/configmaps'],
  ['a core resource in all', collectionPath(CONFIG_MAP), '/api/v1/configmaps'],
  ['a resource of a group', collectionPath(LEASE, 'a'), '/apis/coordination.k8s.io/v1/namespaces/a/leases'],
  ['a cluster-scoped object', objectPath(NAMESPACE, undefined, 'a'), '/api/v1/namespaces/a'],
  [
    'a subresource',
    objectPath(LEASE, 'a', 'b', 'status'),
    '/apis/coordination.k8s.io/v1/namespaces/a/leases/b/status',
  ],
])('the path of %s', (_name, path, want) => {
  expect(path).toBe(want);
});

test.each(['', '.', '..'])('a name that would address something else is refused: "%s"', (name) => {
  expect(() => objectPath(CONFIG_MAP, 'a', name)).toThrow('is no name');
});

test('a slash in a name stays in its segment', () => {
  expect(objectPath(CONFIG_MAP, 'a', 'b/../../c')).toBe('/api/v1/namespaces/a/configmaps/b%2F..%2F..%2Fc');
});

test('a namespaced object needs a namespace', () => {
  expect(() => objectPath(CONFIG_MAP, undefined, 'b')).toThrow('needs a namespace');
});
