import { ApiError, apiError } from './errors.ts';
import { parse } from '../json.ts';
import type { Page } from './client-options.ts';
import type { KubeObject } from './object.ts';
import { type Resource, apiVersion } from './resource.ts';

/**
 * From what the API server sends to our types. The shape every answer shares is checked (an object with metadata; a list with items
 * and a version), the rest is passed on as it is. Throws ApiError on anything else: a proxy's page, a cut answer.
 */

export type WatchEvent =
  | { readonly type: 'apply' | 'delete'; readonly object: KubeObject }
  /** Nothing up to this version is still to come. */
  | { readonly type: 'bookmark'; readonly resourceVersion: string }
  /** The server reports trouble with the watch itself. */
  | { readonly type: 'error'; readonly error: ApiError };

export function toKubeObject(value: unknown): KubeObject {
  if (isKubeObject(value)) {
    return value;
  }
  throw strange('an object with metadata', value);
}

/** Items get the apiVersion and kind that the server leaves out of lists. */
export function toPage(resource: Resource, value: unknown): Page {
  if (!isKubeObject(value) || typeof value.metadata.resourceVersion !== 'string') {
    throw strange('a list', value);
  }
  const { resourceVersion, continue: next } = value.metadata;
  const type = { apiVersion: apiVersion(resource), kind: resource.kind };
  const list: unknown[] = Array.isArray(value['items']) ? value['items'] : [];
  const items = list.map((item) => ({ ...type, ...toKubeObject(item) }));
  return { items, resourceVersion, ...(typeof next === 'string' && next !== '' && { continue: next }) };
}

/** One line of a watch. */
export function toWatchEvent(line: string): WatchEvent {
  const event = parse(line);
  if (isRecord(event)) {
    const { type, object } = event;
    if (type === 'ERROR' && isRecord(object)) {
      const { code } = object;
      return { type: 'error', error: apiError('Watch', typeof code === 'number' ? code : 500, object) };
    }
    if (type === 'BOOKMARK' && isKubeObject(object) && typeof object.metadata.resourceVersion === 'string') {
      return { type: 'bookmark', resourceVersion: object.metadata.resourceVersion };
    }
    if ((type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') && isKubeObject(object)) {
      return { type: type === 'DELETED' ? 'delete' : 'apply', object };
    }
  }
  throw strange('a watch event', event);
}

/** Cuts a text that arrives in pieces into lines; the last, unfinished one is dropped with the connection. */
export async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let rest: string[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      rest.push(chunk.slice(start, end));
      start = end + 1;
      const line = rest.join('');
      rest = [];
      if (line !== '') {
        yield line;
      }
    }
    if (start < chunk.length) {
      rest.push(chunk.slice(start));
    }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isKubeObject(value: unknown): value is KubeObject {
  return isRecord(value) && isRecord(value['metadata']);
}

function strange(wanted: string, got: unknown): ApiError {
  const kind = isRecord(got) && typeof got['kind'] === 'string' ? got['kind'] : typeof got;
  return new ApiError(502, 'UnexpectedAnswer', `The API server's answer is not ${wanted} but ${kind}`);
}
