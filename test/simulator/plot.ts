import type { Comparison } from './table.ts';
import type { Outcome, Point } from './simulation.ts';

const WIDTH = 760;
const LEFT = 44;
const RIGHT = 12;
const TASKS = { top: 34, height: 90 };
const WORKERS = { top: 150, height: 170 };
const HEIGHT = 372;

interface Panel {
  top: number;
  height: number;
  highest: number;
}

/** Two panels over the same time: the tasks that wait and run, and the workers of each policy beside the target. */
export function plot({ trace, ours, outcomes }: Comparison): string {
  const seconds = Math.max(...outcomes.map(({ points }) => points.at(-1)?.seconds ?? 0));
  const x = (at: number) => LEFT + ((WIDTH - LEFT - RIGHT) * at) / seconds;
  const tasks: Panel = { ...TASKS, highest: nice(Math.max(...ours.points.map((point) => point.tasks))) };
  const most = Math.max(...outcomes.map((outcome) => outcome.most));
  const workers: Panel = { ...WORKERS, highest: 2 * Math.ceil((most + 1) / 2) };
  const [, , dask, peer] = outcomes;
  const line = (outcome: Outcome | undefined, panel: Panel, value: (point: Point) => number, style: string) =>
    `<path d="${steps(outcome?.points ?? [], panel, x, value)}" fill="none" ${style}/>`;
  const area = `${steps(ours.points, tasks, x, (point) => point.tasks)}V${tasks.top + tasks.height}H${LEFT}Z`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11">`,
    `<title>${trace.name}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="18" font-size="13" font-weight="bold">${trace.name}</text>`,
    grid(tasks, 'tasks'),
    grid(workers, 'workers'),
    times(seconds, x),
    `<path d="${area}" fill="#c9d7e8" stroke="#6b8cae"/>`,
    line(peer, workers, (point) => point.joined, 'stroke="#b58900" stroke-width="1"'),
    line(dask, workers, (point) => point.joined, 'stroke="#2f8f5b" stroke-width="1"'),
    line(ours, workers, (point) => point.target, 'stroke="#777777" stroke-dasharray="3 3"'),
    line(ours, workers, (point) => point.size, 'stroke="#c0392b" stroke-width="1" stroke-dasharray="1 2"'),
    line(ours, workers, (point) => point.joined, 'stroke="#c0392b" stroke-width="2"'),
    legend(),
    '</svg>\n',
  ].join('\n');
}

/** A line that changes at once: only its corners are written. */
function steps(
  points: readonly Point[],
  { top, height, highest }: Panel,
  x: (seconds: number) => number,
  value: (point: Point) => number,
): string {
  const y = (amount: number) => fixed(top + height * (1 - Math.min(amount, highest) / highest));
  let path = '';
  let last: string | undefined;
  for (const point of points) {
    const now = y(value(point));
    if (last === undefined) path = `M${fixed(x(point.seconds))} ${now}`;
    else if (now !== last) path += `H${fixed(x(point.seconds))}V${now}`;
    last = now;
  }
  const end = points.at(-1);
  return end === undefined ? path : `${path}H${fixed(x(end.seconds))}`;
}

function grid({ top, height, highest }: Panel, name: string): string {
  const ticks = [0, highest / 2, highest].map((amount) => {
    const y = fixed(top + height * (1 - amount / highest));
    return `<path d="M${LEFT} ${y}H${WIDTH - RIGHT}" stroke="#e4e4e4"/><text x="${LEFT - 6}" y="${y}" dy="4" text-anchor="end">${amount}</text>`;
  });
  return `${ticks.join('')}<text x="${WIDTH - RIGHT}" y="${top - 6}" text-anchor="end" fill="#555555">${name}</text>`;
}

function times(seconds: number, x: (seconds: number) => number): string {
  const step = nice(seconds / 8);
  const labels: string[] = [];
  for (let at = 0; at <= seconds; at += step) {
    labels.push(
      `<text x="${fixed(x(at))}" y="${WORKERS.top + WORKERS.height + 16}" text-anchor="middle">${at} s</text>`,
    );
  }
  return labels.join('');
}

function legend(): string {
  const entries = [
    [0, '#c0392b', 'stroke-width="2"', 'FlowRun: joined'],
    [125, '#c0392b', 'stroke-dasharray="1 2"', 'asked for'],
    [217, '#777777', 'stroke-dasharray="3 3"', 'target before limits'],
    [363, '#2f8f5b', '', 'Dask Adaptive: joined'],
    [522, '#b58900', '', 'dask-kubernetes: joined'],
  ] as const;
  return entries
    .map(([offset, colour, style, text]) => {
      const x = LEFT + offset;
      return `<path d="M${x} ${HEIGHT - 16}h20" stroke="${colour}" ${style}/><text x="${x + 25}" y="${HEIGHT - 12}">${text}</text>`;
    })
    .join('');
}

/** The next number that reads well: 1, 2 or 5 and zeros, or twice such a one. */
function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return ([1, 2, 4, 5, 6, 8, 10].find((step) => step * power >= value) ?? 10) * power;
}

function fixed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}
