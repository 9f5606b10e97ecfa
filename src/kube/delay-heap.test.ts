import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DelayHeap } from './delay-heap.ts';

test('gives each key once, at its earliest time, in order of time, whatever was added and removed', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
  const operation = fc.oneof(
    fc.record({ add: key, due: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ remove: key }),
    fc.record({ take: fc.integer({ min: 0, max: 50 }) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const heap = new DelayHeap();
      const model = new Map<string, number>();
      for (const one of operations) {
        if ('add' in one) {
          const known = model.get(one.add) ?? Infinity;
          expect(heap.add(one.add, one.due)).toBe(one.due < known);
          model.set(one.add, Math.min(known, one.due));
        } else if ('remove' in one) {
          heap.remove(one.remove);
          model.delete(one.remove);
        } else {
          const due = [...model].filter(([, at]) => at <= one.take);
          const taken = heap.takeDue(one.take);
          expect([...taken].sort()).toEqual(due.map(([name]) => name).sort());
          expect(taken.map((name) => model.get(name))).toEqual(due.map(([, at]) => at).sort((a, b) => a - b));
          due.forEach(([name]) => model.delete(name));
        }
        expect(heap.nextDue()).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
      }
    }),
  );
});
