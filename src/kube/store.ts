import { type KubeObject, keyOf } from './object.ts';

export type Index = (object: KubeObject) => readonly string[];

/** Objects by key (`namespace/name`), with indexes kept in step. Objects in it are shared: never change them. */
export class Store {
  readonly #objects = new Map<string, KubeObject>();
  readonly #indexes: ReadonlyMap<string, { readonly values: Index; readonly keys: Map<string, Set<string>> }>;

  constructor(indexes: Readonly<Record<string, Index>> = {}) {
    this.#indexes = new Map(
      Object.entries(indexes).map(([name, values]) => [
        name,
        { values, keys: new Map<string, Set<string>>() },
      ]),
    );
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  list(): KubeObject[] {
    return [...this.#objects.values()];
  }

  /** The objects for which the index gave this value, in no order. Throws on an index that does not exist. */
  by(index: string, value: string): KubeObject[] {
    const keys = this.#index(index).keys.get(value);
    return keys === undefined ? [] : [...keys].flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** How many objects the index has under each of its values. */
  counts(index: string): Map<string, number> {
    return new Map([...this.#index(index).keys].map(([value, keys]) => [value, keys.size]));
  }

  /** Returns what was there before. */
  set(object: KubeObject): KubeObject | undefined {
    const key = keyOf(object);
    const previous = this.delete(key);
    this.#objects.set(key, object);
    for (const { values, keys } of this.#indexes.values()) {
      for (const value of values(object)) {
        const bucket = keys.get(value);
        if (bucket === undefined) {
          keys.set(value, new Set([key]));
        } else {
          bucket.add(key);
        }
      }
    }
    return previous;
  }

  /** Returns what was there. */
  delete(key: string): KubeObject | undefined {
    const previous = this.#objects.get(key);
    if (previous === undefined) {
      return undefined;
    }
    this.#objects.delete(key);
    for (const { values, keys } of this.#indexes.values()) {
      for (const value of values(previous)) {
        const bucket = keys.get(value);
        bucket?.delete(key);
        if (bucket?.size === 0) {
          keys.delete(value);
        }
      }
    }
    return previous;
  }

  #index(name: string): { readonly values: Index; readonly keys: Map<string, Set<string>> } {
    const index = this.#indexes.get(name);
    if (index === undefined) {
      throw new TypeError(`The store has no index '${name}'`);
    }
    return index;
  }
}
