interface Event {
  at: number;
  order: number;
  run: () => void;
}

/** Virtual time in whole milliseconds. Events of one instant run in the order in which they were planned. */
export class Events {
  now = 0;
  private planned = 0;
  /** A binary heap, the next event first. */
  private readonly heap: Event[] = [];

  after(milliseconds: number, run: () => void): void {
    const event = { at: this.now + Math.max(0, Math.round(milliseconds)), order: this.planned++, run };
    const { heap } = this;
    let place = heap.length;
    heap.push(event);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = event;
  }

  /** Runs again and again from now on. */
  every(milliseconds: number, run: () => void): void {
    this.after(milliseconds, () => {
      run();
      this.every(milliseconds, run);
    });
  }

  /** Runs what is planned until `ended`, or to the time limit, which is an error: a simulation must come to its end. */
  run(ended: () => boolean, limit: number): void {
    while (!ended()) {
      const next = this.pop();
      if (next === undefined || next.at > limit) throw new Error(`no end within ${limit} ms of virtual time`);
      this.now = next.at;
      next.run();
    }
  }

  private pop(): Event | undefined {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || first === last) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at - b.at < 0 || (a.at === b.at && a.order < b.order);
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
