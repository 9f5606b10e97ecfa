import { describe, expect, test } from 'vitest';
import { seeEvents, seeRun } from './seen.ts';
import { exitCode, render, seconds, summarize, type State } from './view.ts';

const T0 = Date.parse('2013-01-01T10:00:00Z');
const canvas = { now: T0 + 14_000, width: 90, color: false };

function state(status: object, rest: Partial<State> = {}): State {
  const metadata = {
    name: 'delays',
    namespace: 'lab',
    uid: 'u1',
    creationTimestamp: '2013-01-01T09:59:59Z',
  };
  return { run: seeRun({ metadata, status }), events: [], ...rest };
}

const running = {
  phase: 'Running',
  message: 'The flow is running.',
  attempt: 1,
  startTime: '2013-01-01T10:00:00Z',
  cluster: { workers: { desired: 4, ready: 2 } },
  tasks: { total: 36, finished: 9, running: 2, waiting: 25, failed: 0 },
};
const ended = (type: string, reason: string) => ({
  conditions: [{ type, status: 'True', reason, message: 'x', lastTransitionTime: '2013-01-01T10:00:00Z' }],
});

describe('the picture of a run', () => {
  test('shows phase, reason, workers and tasks of a running one', () => {
    expect(render(state(running), canvas)).toEqual([
      'delays in lab · 14 s',
      'Phase     Running',
      'Why       The flow is running.',
      `Workers   ${'━'.repeat(15)}${'─'.repeat(15)} 2 of 4 ready`,
      `Tasks     ${'━'.repeat(7)}${'─'.repeat(23)} 9 of 36, 2 running`,
    ]);
  });

  test('of one that nobody has looked at says Pending and no time', () => {
    expect(render(state({}), canvas)).toEqual(['delays in lab ', 'Phase     Pending']);
  });

  test('counts tasks that Dask has forgotten', () => {
    const lines = render(state({ tasks: { total: 3, finished: 33, running: 3, waiting: 0 } }), canvas);
    expect(lines.at(-1)).toContain('33 of 36, 3 running');
  });

  test('shows what the flow itself counted once it has', () => {
    const lines = render(state({ tasks: { total: 36, finished: 36, succeeded: 34, failed: 2 } }), canvas);
    expect(lines.at(-1)).toContain('34 of 36 succeeded, 2 failed');
  });

  test('stops the clock at the end, and shows the result as a table', () => {
    const lines = render(
      state({
        ...running,
        completionTime: '2013-01-01T10:00:07.340Z',
        result: { value: { flights: 12, best: [{ hour: 5, delay: 0.7 }] } },
      }),
      canvas,
    );
    expect(lines[0]).toBe('delays in lab · 7.3 s');
    expect(lines.slice(-4)).toEqual([
      'Result    flights  12',
      '          best',
      '            hour  delay',
      '               5    0.7',
    ]);
  });

  test('shows the attempt from the second on', () => {
    expect(render(state({ attempt: 2 }), canvas)[0]).toBe('delays in lab · attempt 2');
  });

  test('shows the last six events with their time since the start', () => {
    const events = seeEvents(
      Array.from({ length: 8 }, (_, index) => ({
        type: 'Normal',
        reason: `R${index}`,
        note: 'n',
        eventTime: `2013-01-01T10:00:0${index}.000000Z`,
        metadata: {},
        regarding: { uid: index === 7 ? 'other' : 'u1' },
      })),
      'u1',
    );
    const lines = render(state(running, { events }), canvas).slice(-6);
    expect(lines[0]).toBe('Events      +1.0 s  R1  n');
    expect(lines[5]).toBe('            +6.0 s  R6  n');
  });

  test('wraps the reason and cuts everything else at the edge', () => {
    const message = 'word '.repeat(30).trim();
    const lines = render(state({ message, result: { value: 'x'.repeat(200) } }), { ...canvas, width: 50 });
    expect(lines.every((line) => line.length <= 50)).toBe(true);
    expect(
      lines
        .filter((line) => line.includes('word'))
        .join(' ')
        .match(/word/g),
    ).toHaveLength(30);
    expect(lines.at(-1)).toMatch(/x…$/);
  });

  test('says that the connection is lost', () => {
    expect(render(state(running, { trouble: 'connect ECONNREFUSED' }), canvas).join('\n')).toContain(
      'ECONNREFUSED',
    );
  });

  test('colours only where it may', () => {
    expect(render(state(running), { ...canvas, color: true }).join('')).toContain('\x1b[36m');
    expect(render(state(running), canvas).join('')).not.toContain('\x1b');
  });

  test('leaves out what it cannot read', () => {
    expect(
      render(state({ phase: 7, tasks: 'many', cluster: { workers: { desired: 'x' } } }), canvas),
    ).toEqual(['delays in lab ', 'Phase     Pending']);
  });
});

describe('one line per change', () => {
  test.each<[string, State, string]>([
    ['a new run', state({}), 'Pending'],
    [
      'a running one',
      state(running),
      'Running · workers 2/4 · tasks 9 of 36, 2 running · The flow is running.',
    ],
    ['a deleted one', state({}, { gone: true }), 'Deleted'],
    [
      'a rejected one',
      state({ conditions: [{ type: 'Accepted', status: 'False', reason: 'Bad', message: 'write it so' }] }),
      'Pending · write it so',
    ],
  ])('of %s', (_, seen, line) => {
    expect(summarize(seen)).toBe(line);
  });
});

test.each<[string, State, number | undefined]>([
  ['runs', state(running), undefined],
  ['is complete', state(ended('Complete', 'Succeeded')), 0],
  ['failed', state(ended('Failed', 'FlowFailed')), 1],
  ['was cancelled', state(ended('Failed', 'Cancelled')), 130],
  ['was deleted', state(running, { gone: true }), 1],
  ['was deleted after its success', state(ended('Complete', 'Succeeded'), { gone: true }), 0],
])('the exit code of a run that %s', (_, seen, code) => {
  expect(exitCode(seen)).toBe(code);
});

test.each([
  [0, '0.0 s'],
  [9_990, '9.9 s'],
  [59_999, '59 s'],
  [185_000, '3 min 05 s'],
  [7_620_000, '2 h 07 min'],
])('%i ms read %s', (milliseconds, text) => {
  expect(seconds(milliseconds)).toBe(text);
});
