import type { KubeConfig } from '@kubernetes/client-node';
import type {
  CallOptions,
  ClientOptions,
  DeleteCollectionOptions,
  DeleteOptions,
  ListOptions,
  ObjectList,
  Page,
  PatchOptions,
  WatchOptions,
} from './client-options.ts';
import {
  AlreadyExistsError,
  ConflictError,
  isAlreadyExists,
  isGone,
  isNotFound,
  isOtherUid,
} from './errors.ts';
import { type KubeObject, controllerOf, nameOf } from './object.ts';
import { withPreconditions } from './preconditions.ts';
import { type Resource, collectionPath, objectPath } from './resource.ts';
import { requireKeys } from './selector.ts';
import { type Request, Transport } from './transport.ts';
import { toKubeObject, toPage } from './wire.ts';

/**
 * Requests to the API server as raw JSON: nothing pruned, no integer rounded. Thrown: see errors.ts.
 *
 * Writes are guarded: by `mayWrite` before every attempt, deletes by UID, status writes by resourceVersion, collection deletes
 * by the label keys they must name.
 */
export class Client {
  readonly #transport: Transport;
  readonly #options: ClientOptions;

  /** Given a Transport, shares its connections. */
  constructor(target: KubeConfig | Transport, options: ClientOptions = {}) {
    this.#transport = target instanceof Transport ? target : new Transport(target, options);
    this.#options = options;
  }

  /** The same connections without the `mayWrite` guard: for the lease that the guard depends on. */
  unfenced(): Client {
    const { mayWrite: _, ...options } = this.#options;
    return new Client(this.#transport, options);
  }

  get(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    options: CallOptions = {},
  ): Promise<KubeObject> {
    return this.#object({ method: 'GET', path: objectPath(resource, namespace, name), ...options });
  }

  /** All objects, fetched page by page. A list whose continue token expires starts over, at last in one piece. */
  async list(resource: Resource, options: ListOptions = {}): Promise<ObjectList> {
    for (let attempt = 1; ; attempt += 1) {
      const items: KubeObject[] = [];
      let token: string | undefined;
      try {
        for (;;) {
          const paging = attempt === 3 ? { limit: 0 } : {};
          const page = await this.listPage(resource, { ...options, ...paging }, token);
          items.push(...page.items);
          if (page.continue === undefined) {
            return { items, resourceVersion: page.resourceVersion };
          }
          token = page.continue;
        }
      } catch (error) {
        if (token === undefined || !isGone(error)) {
          throw error;
        }
      }
    }
  }

  /** One page. Items carry apiVersion and kind, which the server leaves out of lists. */
  async listPage(resource: Resource, options: ListOptions, token?: string): Promise<Page> {
    const { namespace, labelSelector, fieldSelector, limit = 500, ...call } = options;
    const query = { labelSelector, fieldSelector, limit: limit === 0 ? undefined : limit, continue: token };
    const path = collectionPath(resource, namespace);
    return toPage(resource, await this.#transport.request({ method: 'GET', path, query, ...call }));
  }

  /** The text of a watch's answer as it arrives: JSON lines, cut anywhere. Bookmarks are asked for. */
  watch(resource: Resource, options: WatchOptions): AsyncGenerator<string, void, undefined> {
    const { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds, idleMs, ...call } =
      options;
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      labelSelector,
      fieldSelector,
      resourceVersion,
      timeoutSeconds,
    };
    const path = collectionPath(resource, namespace);
    return this.#transport.stream({ method: 'GET', path, query, ...call }, idleMs);
  }

  create(
    resource: Resource,
    object: KubeObject,
    options: CallOptions & { dryRun?: boolean } = {},
  ): Promise<KubeObject> {
    const { dryRun, ...call } = options;
    const path = collectionPath(resource, object.metadata.namespace);
    const query = { dryRun: dryRun === true ? 'All' : undefined };
    return this.#object(this.#write({ method: 'POST', path, query, body: JSON.stringify(object), ...call }));
  }

  /**
   * Creates a named object that has a controller. Safe to repeat: when it exists already with the same controller (by UID) that is
   * success. Belonging to anyone else: AlreadyExistsError. Sent once: after a 429 or 503 the caller looks whether it is still wanted.
   */
  async createOwned(
    resource: Resource,
    object: KubeObject,
    options: CallOptions = {},
  ): Promise<{ created: boolean; object: KubeObject }> {
    const name = nameOf(object);
    const owner = controllerOf(object);
    if (owner === undefined) {
      throw new TypeError(`${resource.kind} ${name} has no controller reference`);
    }
    const { namespace } = object.metadata;
    const path = collectionPath(resource, namespace);
    const request: Request = {
      method: 'POST',
      path,
      body: JSON.stringify(object),
      // A field that the server does not know is an error, as with kubectl, instead of being dropped.
      query: { fieldValidation: 'Strict' },
      ...options,
    };
    try {
      return { created: true, object: await this.#object(this.#write(request)) };
    } catch (error) {
      if (!isAlreadyExists(error)) {
        throw error;
      }
      const existing = await this.get(resource, namespace, name, options);
      if (controllerOf(existing)?.uid !== owner.uid) {
        const whose = controllerOf(existing);
        const holder = whose === undefined ? 'nobody' : `${whose.kind} ${whose.name} (${whose.uid})`;
        const message = `${resource.kind} ${namespace ?? ''}/${name} exists and is controlled by ${holder}, not by ${owner.kind} ${owner.name} (${owner.uid})`;
        throw new AlreadyExistsError(409, 'AlreadyExists', message, undefined, { cause: error });
      }
      return { created: false, object: existing };
    }
  }

  /** PUT of a whole object, fenced by its metadata.resourceVersion. */
  replace(resource: Resource, object: KubeObject, options: CallOptions = {}): Promise<KubeObject> {
    return this.#replace(resource, object, undefined, options);
  }

  /** PUT of the status, fenced by metadata.resourceVersion: ConflictError when the object has changed since. */
  replaceStatus(resource: Resource, object: KubeObject, options: CallOptions = {}): Promise<KubeObject> {
    return this.#replace(resource, object, 'status', options);
  }

  /** A merge patch of an object whose UID or version is another by now is a ConflictError. */
  async patch(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    body: object,
    options: PatchOptions,
  ): Promise<KubeObject> {
    const { type, subresource, uid, resourceVersion, ...call } = options;
    const path = objectPath(resource, namespace, name, subresource);
    const request: Request = {
      method: 'PATCH',
      path,
      body: JSON.stringify(withPreconditions(body, { uid, resourceVersion })),
      contentType: `application/${type}-patch+json`,
      // A resourceVersion holds once: a second sending cannot apply the patch twice.
      idempotent: type === 'merge' || resourceVersion !== undefined,
      ...call,
    };
    try {
      return await this.#object(this.#write(request));
    } catch (error) {
      throw uid !== undefined && isOtherUid(error)
        ? new ConflictError(409, 'Conflict', error.message, undefined, { cause: error })
        : error;
    }
  }

  /** Asks for the deletion of this very object. Gone already is success; a successor with another UID is a ConflictError. */
  async delete(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions,
  ): Promise<void> {
    const { uid, gracePeriodSeconds, propagationPolicy, ...call } = options;
    const body = JSON.stringify({ preconditions: { uid }, gracePeriodSeconds, propagationPolicy });
    try {
      await this.#transport.request(
        this.#write({ method: 'DELETE', path: objectPath(resource, namespace, name), body, ...call }),
      );
    } catch (error) {
      if (!isNotFound(error)) {
        throw error;
      }
    }
  }

  /** Throws TypeError, before anything is sent, when the selector does not pin every required key. */
  async deleteCollection(
    resource: Resource,
    namespace: string,
    options: DeleteCollectionOptions,
  ): Promise<void> {
    const { labelSelector, gracePeriodSeconds, propagationPolicy, ...call } = options;
    requireKeys(labelSelector, this.#options.requiredSelectorKeys ?? []);
    if (!resource.namespaced || namespace === '') {
      throw new TypeError(`deleteCollection of ${resource.plural} needs a namespace`);
    }
    const body = JSON.stringify({ gracePeriodSeconds, propagationPolicy });
    const path = collectionPath(resource, namespace);
    await this.#transport.request(
      this.#write({ method: 'DELETE', path, query: { labelSelector }, body, ...call }),
    );
  }

  /** Closes all connections; running requests fail. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  async #replace(
    resource: Resource,
    object: KubeObject,
    subresource: string | undefined,
    options: CallOptions,
  ): Promise<KubeObject> {
    const { namespace, resourceVersion } = object.metadata;
    if (resourceVersion === undefined) {
      throw new TypeError(
        `${resource.kind} ${nameOf(object)} has no metadata.resourceVersion to be replaced at`,
      );
    }
    const path = objectPath(resource, namespace, nameOf(object), subresource);
    return this.#object(this.#write({ method: 'PUT', path, body: JSON.stringify(object), ...options }));
  }

  #write(request: Request): Request {
    return { ...request, mayWrite: this.#options.mayWrite };
  }

  async #object(request: Request): Promise<KubeObject> {
    return toKubeObject(await this.#transport.request(request));
  }
}
