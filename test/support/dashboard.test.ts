import { expect, test } from 'vitest';
import { FAMILIES, type MetricFamily } from '../../src/ops/metric-families.ts';
import { PANELS } from './dashboard.ts';

const FAMILY = new Map<string, MetricFamily>(Object.entries(FAMILIES));
const queries = PANELS.flatMap((panel) => Object.values(panel.queries));
const SUFFIX = /_(bucket|count|sum)$/;

/** The families that a query asks for; a histogram's series have suffixes. */
function familiesOf(query: string): string[] {
  return [...query.matchAll(/flowrun_\w+/g)].map(([name]) =>
    FAMILY.has(name) ? name : name.replace(SUFFIX, ''),
  );
}

test('the dashboard asks for every metric that there is, and for no other', () => {
  expect([...new Set(queries.flatMap(familiesOf))].sort()).toEqual([...FAMILY.keys()].sort());
});

test('it asks a histogram for its series, and nothing else for such', () => {
  for (const query of queries) {
    for (const [name] of query.matchAll(/flowrun_\w+/g)) {
      const family = FAMILY.get(name.replace(SUFFIX, ''));
      expect(SUFFIX.test(name), `of ${name}`).toBe(family?.type === 'histogram');
    }
  }
});

test('it groups by labels that the metrics have', () => {
  for (const query of queries) {
    const [family = ''] = familiesOf(query);
    const known = ['le', ...Object.keys(FAMILY.get(family)?.labels ?? {})];
    const by = [...query.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(', '));
    expect(known, `of ${query}`).toEqual(expect.arrayContaining(by));
  }
});
