import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from './run.ts';

/** What a container of the image starts with, in the names of the OCI image configuration. */
export interface ImageConfig {
  User: string;
  WorkingDir: string;
  Env: string[];
  /** Stays when a pod gives `args`. */
  Entrypoint?: string[];
  Cmd: string[];
}

/** A blob by its content: `digest` is `sha256:<hex>`, `size` is in bytes. */
export interface Blob {
  digest: string;
  size: number;
}

/**
 * The small files of an OCI image layout, by path in the archive. Layers are plain tar files, so a layer's digest is also its
 * diff id. `manifest.json` is for `docker load` before Docker 25, which knows no OCI layouts.
 */
export function layout(
  reference: string,
  architecture: string,
  config: ImageConfig,
  layers: readonly Blob[],
): Record<string, string> {
  const platform = { architecture, os: 'linux' };
  const image = JSON.stringify({
    ...platform,
    config,
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...blobOf(image) },
    layers: layers.map((layer) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: layer.digest,
      size: layer.size,
    })),
  });
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        ...blobOf(manifest),
        platform,
        annotations: {
          'io.containerd.image.name': reference,
          'org.opencontainers.image.ref.name': reference.slice(reference.lastIndexOf(':') + 1),
        },
      },
    ],
  };
  const docker = [{ Config: pathOf(blobOf(image)), RepoTags: [reference], Layers: layers.map(pathOf) }];
  return {
    'oci-layout': JSON.stringify({ imageLayoutVersion: '1.0.0' }),
    'index.json': JSON.stringify(index),
    'manifest.json': JSON.stringify(docker),
    [pathOf(blobOf(manifest))]: manifest,
    [pathOf(blobOf(image))]: image,
  };
}

/** Writes the image as one tar file to `archive`, out of layers that are uncompressed tar files; `scratch` must be on their file system to save a copy. */
export async function writeArchive(
  archive: string,
  scratch: string,
  reference: string,
  config: ImageConfig,
  layerFiles: readonly string[],
): Promise<void> {
  const layers: Blob[] = [];
  for (const file of layerFiles) {
    const layer = await blobOfFile(file);
    const path = join(scratch, pathOf(layer));
    await mkdir(dirname(path), { recursive: true });
    await link(file, path).catch(() => copyFile(file, path));
    layers.push(layer);
  }
  const documents = layout(reference, process.arch === 'x64' ? 'amd64' : process.arch, config, layers);
  for (const [path, text] of Object.entries(documents)) await writeFile(join(scratch, path), text);
  await run('tar', [
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '-C',
    scratch,
    '-cf',
    archive,
    'oci-layout',
    'index.json',
    'manifest.json',
    'blobs',
  ]);
}

function blobOf(text: string): Blob {
  return {
    digest: `sha256:${createHash('sha256').update(text).digest('hex')}`,
    size: Buffer.byteLength(text),
  };
}

async function blobOfFile(file: string): Promise<Blob> {
  const hash = createHash('sha256');
  let size = 0;
  await pipeline(createReadStream(file), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.length;
    }
  });
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

function pathOf(blob: Blob): string {
  return `blobs/${blob.digest.replace(':', '/')}`;
}
