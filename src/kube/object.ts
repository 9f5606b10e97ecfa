export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** Times are RFC 3339 strings as the server wrote them. */
export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  [key: string]: unknown;
}

/**
 * Any object of the API, as the raw JSON the server sent: nothing pruned, no field renamed, no date parsed.
 * Integers that a JavaScript number cannot hold are raw JSON values (see json.ts).
 */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  [key: string]: unknown;
}

/** `namespace/name`, or `name` for what is cluster-scoped. */
export function keyOf(object: KubeObject): string {
  return toKey(object.metadata.namespace, nameOf(object));
}

export function toKey(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

export function fromKey(key: string): { namespace: string | undefined; name: string } {
  const slash = key.indexOf('/');
  return slash === -1
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The name of an object that has one. Throws on objects without (only `generateName`). */
export function nameOf(object: KubeObject): string {
  const { name } = object.metadata;
  if (name === undefined || name === '') {
    throw new TypeError(`The ${object.kind ?? 'object'} has no metadata.name`);
  }
  return name;
}

/** The owner that controls the object: at most one reference has `controller: true`. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}
