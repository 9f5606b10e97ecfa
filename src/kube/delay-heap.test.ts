import { array, assert, constantFrom, integer, oneof, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import { DelayHeap } from './delay-heap.ts';

const key = constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
const time = integer({ min: 0, max: 50 });
const operations = array(
  oneof(record({ add: key, due: time }), record({ remove: key }), record({ take: time })),
  {
    maxLength: 60,
  },
);

/** What the heap must do, done slowly: a map whose keys come out by time. */
class Model {
  readonly #due = new Map<string, number>();

  add(name: string, due: number): boolean {
    const known = this.#due.get(name) ?? Infinity;
    this.#due.set(name, Math.min(known, due));
    return due < known;
  }

  remove(name: string): void {
    this.#due.delete(name);
  }

  nextDue(): number | undefined {
    return this.#due.size === 0 ? undefined : Math.min(...this.#due.values());
  }

  takeDue(now: number): string[] {
    const due = [...this.#due].filter(([, at]) => at <= now);
    due.forEach(([name]) => this.#due.delete(name));
    return due.map(([name]) => name);
  }
}

test('gives each key once, at its earliest time, in order of time, whatever was added and removed', () => {
  assert(
    property(operations, (sequence) => {
      const model = new Model();
      const heap = new DelayHeap();
      const due = new Map<string, number>();
      const did = { heap: [] as unknown[], model: [] as unknown[] };
      for (const one of sequence) {
        if ('add' in one) {
          did.heap.push(heap.add(one.add, one.due));
          const changed = model.add(one.add, one.due);
          did.model.push(changed);
          due.set(one.add, changed ? one.due : (due.get(one.add) ?? one.due));
        } else if ('remove' in one) {
          heap.remove(one.remove);
          model.remove(one.remove);
        } else {
          const taken = heap.takeDue(one.take);
          const inOrder = taken.every(
            (name, index) => index === 0 || at(due, taken[index - 1]) <= at(due, name),
          );
          did.heap.push(inOrder, [...taken].sort());
          did.model.push(true, model.takeDue(one.take).sort());
        }
        did.heap.push(heap.nextDue());
        did.model.push(model.nextDue());
      }
      expect(did.heap).toEqual(did.model);
    }),
  );
});

function at(due: ReadonlyMap<string, number>, name: string | undefined): number {
  return due.get(name ?? '') ?? NaN;
}

test('a key that is put off again and again costs one place', () => {
  const heap = new DelayHeap();
  for (let time = 0; time < 10_000; time += 1) {
    heap.remove('often');
    heap.add('often', 300_000 + time);
    heap.add(`once-${time % 10}`, 500_000);
  }
  expect(heap.kept).toBeLessThan(50);
  expect(heap.takeDue(400_000)).toEqual(['often']);
  expect(heap.takeDue(500_000)).toHaveLength(10);
});
