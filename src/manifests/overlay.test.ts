import { expect, test } from 'vitest';

import type { PodManifest } from './object.ts';
import { overlay } from './overlay.ts';

const pod = (spec: Record<string, unknown>): PodManifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'n', labels: { a: '1' }, ownerReferences: [] },
  spec,
});

test.each([
  [
    'maps are merged',
    { securityContext: { runAsUser: 1 } },
    { securityContext: { fsGroup: 2 } },
    { securityContext: { runAsUser: 1, fsGroup: 2 } },
  ],
  ['null takes a default away', { nodeSelector: { a: 'b' }, x: 1 }, { nodeSelector: null }, { x: 1 }],
  [
    'null leaves alone what the operator relies on',
    {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      containers: [{ name: 'flow', command: ['a'] }],
    },
    {
      restartPolicy: null,
      automountServiceAccountToken: null,
      containers: [{ name: 'flow', command: null }],
    },
    {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      containers: [{ name: 'flow', command: ['a'] }],
    },
  ],
  ['null inside a new map is left out', {}, { affinity: { nodeAffinity: null } }, { affinity: {} }],
  [
    'containers are merged by name, new ones follow',
    { containers: [{ name: 'flow', image: 'a', tty: true }] },
    {
      containers: [
        { name: 'side', image: 's' },
        { name: 'flow', image: 'b' },
      ],
    },
    {
      containers: [
        { name: 'flow', image: 'b', tty: true },
        { name: 'side', image: 's' },
      ],
    },
  ],
  [
    'a variable is replaced as a whole',
    {
      containers: [
        {
          name: 'flow',
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '2' },
          ],
        },
      ],
    },
    { containers: [{ name: 'flow', env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'x' } } }] }] },
    {
      containers: [
        {
          name: 'flow',
          env: [
            { name: 'A', valueFrom: { fieldRef: { fieldPath: 'x' } } },
            { name: 'B', value: '2' },
          ],
        },
      ],
    },
  ],
  [
    'mounts are told apart by path, volumes by name',
    {
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [{ name: 'flow', volumeMounts: [{ name: 'v', mountPath: '/a' }] }],
    },
    {
      volumes: [{ name: 'v', hostPath: {} }],
      containers: [
        {
          name: 'flow',
          volumeMounts: [
            { name: 'w', mountPath: '/a' },
            { name: 'v', mountPath: '/b' },
          ],
        },
      ],
    },
    {
      volumes: [{ name: 'v', hostPath: {} }],
      containers: [
        {
          name: 'flow',
          volumeMounts: [
            { name: 'w', mountPath: '/a' },
            { name: 'v', mountPath: '/b' },
          ],
        },
      ],
    },
  ],
  [
    'tolerations are added',
    { tolerations: [{ key: 'a' }] },
    { tolerations: [{ key: 'b' }] },
    { tolerations: [{ key: 'a' }, { key: 'b' }] },
  ],
  [
    'other lists are replaced',
    { hostAliases: [{ ip: '1' }] },
    { hostAliases: [{ ip: '2' }] },
    { hostAliases: [{ ip: '2' }] },
  ],
])('%s', (_, under, over, expected) => {
  const before = structuredClone(under);
  expect(overlay(pod(under), [{ spec: over }]).spec).toEqual(expected);
  expect(under).toEqual(before);
});

test('of several templates the last one wins', () => {
  const result = overlay(pod({ hostname: 'a' }), [
    { metadata: { labels: { a: '2', b: '2' } }, spec: { hostname: 'b' } },
    { metadata: { labels: { b: '3' } }, spec: { hostname: 'c' } },
  ]);
  expect(result.metadata.labels).toEqual({ a: '2', b: '3' });
  expect(result.spec).toEqual({ hostname: 'c' });
});
