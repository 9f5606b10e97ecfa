interface Entry {
  readonly key: string;
  readonly due: number;
}

/** Beyond so many useless entries, and as many as there are useful ones, the heap is made anew. */
const USELESS = 16;

/**
 * Keys by due time: a binary heap in which entries that were removed or moved earlier stay until they come up, and are skipped
 * then because the map no longer knows them. They never outnumber the others by much: a key that is put off again and again, long
 * before it is due, costs one place.
 */
export class DelayHeap {
  readonly #current = new Map<string, Entry>();
  #heap: Entry[] = [];

  /** Entries kept, useless ones included. */
  get kept(): number {
    return this.#heap.length;
  }

  /** Keeps the earlier time when the key is there already; whether the key's time changed. */
  add(key: string, due: number): boolean {
    const known = this.#current.get(key);
    if (known !== undefined && known.due <= due) {
      return false;
    }
    const entry = { key, due };
    this.#current.set(key, entry);
    this.#push(entry);
    if (this.#heap.length > 2 * this.#current.size + USELESS) {
      // What is sorted is a heap.
      this.#heap = [...this.#current.values()].sort((one, other) => one.due - other.due);
    }
    return true;
  }

  remove(key: string): void {
    this.#current.delete(key);
  }

  nextDue(): number | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#current.get(top.key) === top) {
        return top.due;
      }
      this.#pop();
    }
    return undefined;
  }

  /** Removes and returns what is due at `now`, earliest first. */
  takeDue(now: number): string[] {
    const due: string[] = [];
    for (let next = this.nextDue(); next !== undefined && next <= now; next = this.nextDue()) {
      const entry = this.#pop();
      if (entry !== undefined) {
        this.#current.delete(entry.key);
        due.push(entry.key);
      }
    }
    return due;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || parent.due <= entry.due) {
        break;
      }
      heap[index] = parent;
      index = above;
    }
    heap[index] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) {
      return top;
    }
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      let child = heap[below];
      const right = heap[below + 1];
      if (child !== undefined && right !== undefined && right.due < child.due) {
        child = right;
        below += 1;
      }
      if (child === undefined || child.due >= last.due) {
        break;
      }
      heap[index] = child;
      index = below;
    }
    heap[index] = last;
    return top;
  }
}
