import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { layout } from './oci.ts';

const CONFIG = { User: '1000', WorkingDir: '/w', Env: ['A=b'], Cmd: ['python3'] };
const LAYERS = [
  { digest: `sha256:${'1'.repeat(64)}`, size: 10 },
  { digest: `sha256:${'2'.repeat(64)}`, size: 20 },
];
const files = layout('localhost/flowrun-x:abc', 'amd64', CONFIG, LAYERS);
const parse = (path: string) => JSON.parse(files[path] ?? 'null');
const blob = (descriptor: { digest: string }) => `blobs/${descriptor.digest.replace(':', '/')}`;

test('every blob lies under the digest of its content', () => {
  const blobs = Object.entries(files).filter(([path]) => path.startsWith('blobs/'));
  expect(blobs).toHaveLength(2);
  for (const [path, text] of blobs)
    expect(path).toBe(`blobs/sha256/${createHash('sha256').update(text).digest('hex')}`);
});

test('the index leads to the manifest, and the manifest to the configuration and the layers, in order and with their sizes', () => {
  const [entry] = parse('index.json').manifests;
  const manifest = parse(blob(entry));
  expect(entry).toMatchObject({
    size: files[blob(entry)]?.length,
    platform: { os: 'linux', architecture: 'amd64' },
  });
  expect(manifest.layers).toMatchObject(LAYERS);
  expect(manifest.config.size).toBe(files[blob(manifest.config)]?.length);
  expect(parse(blob(manifest.config))).toEqual({
    architecture: 'amd64',
    os: 'linux',
    config: CONFIG,
    rootfs: { type: 'layers', diff_ids: LAYERS.map((layer) => layer.digest) },
  });
});

test('the image is named in full for containerd, and for old versions of docker load', () => {
  expect(parse('index.json').manifests[0].annotations).toEqual({
    'io.containerd.image.name': 'localhost/flowrun-x:abc',
    'org.opencontainers.image.ref.name': 'abc',
  });
  const [docker] = parse('manifest.json');
  expect(docker.RepoTags).toEqual(['localhost/flowrun-x:abc']);
  expect(docker.Layers).toEqual(LAYERS.map(blob));
  expect(files[docker.Config]).toBeDefined();
});
