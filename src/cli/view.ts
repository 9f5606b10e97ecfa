import { stripVTControlCharacters, styleText } from 'node:util';
import type { SeenEvent, SeenRun } from './seen.ts';
import { formatValue } from './value.ts';

/** What is known of a run at one moment. */
export interface State {
  run: SeenRun;
  /** Oldest first. */
  events: readonly SeenEvent[];
  /** The run was deleted. */
  gone?: boolean;
  /** Why the API server cannot be watched at present. */
  trouble?: string | undefined;
}

export interface Canvas {
  /** Milliseconds since 1970. */
  now: number;
  /** Columns of the terminal: no line is longer. */
  width: number;
  color: boolean;
}

type Style = Parameters<typeof styleText>[0];

const STYLES: Partial<Record<string, Style>> = {
  Running: 'cyan',
  Succeeded: 'green',
  Failed: 'red',
  Cancelled: 'yellow',
  Retrying: 'yellow',
};
const SHOWN_EVENTS = 6;
const BAR = 30;

/** Exit code of the command that watched the run: 0 succeeded, 1 failed or deleted, 130 cancelled; undefined while it is not over. */
export function exitCode({ run, gone }: State): 0 | 1 | 130 | undefined {
  const { conditions } = run.status;
  const ended = (type: string) => conditions.find((each) => each.type === type && each.status === 'True');
  if (ended('Complete')) return 0;
  const failed = ended('Failed');
  if (failed) return failed.reason === 'Cancelled' ? 130 : 1;
  return gone ? 1 : undefined;
}

/** The whole picture, as lines. */
export function render(state: State, canvas: Canvas): string[] {
  const { run, events, gone, trouble } = state;
  const { status } = run;
  const paint = (style: Style | undefined, text: string) =>
    style !== undefined && canvas.color ? styleText(style, text, { validateStream: false }) : text;
  const row = (name: string, text: string) => `${paint('dim', name.padEnd(9))} ${text}`;
  const phase = gone ? 'Deleted' : (status.phase ?? 'Pending');

  const lines = [
    `${paint('bold', run.metadata.name)} ${paint('dim', `in ${run.metadata.namespace}`)} ${facts(state, canvas.now)}`,
    row('Phase', paint(STYLES[phase], phase)),
    ...(status.message
      ? wrap(status.message, canvas.width - 10).map((part, index) => row(index ? '' : 'Why', part))
      : []),
    ...rejected(state).flatMap((message) =>
      wrap(message, canvas.width - 10).map((part) => row('Rejected', part)),
    ),
  ];
  const workers = status.cluster?.workers;
  // Once the run is over the workers go; their last number says nothing.
  if (workers?.desired !== undefined && status.completionTime === undefined) {
    const { ready = 0, desired, retiring = 0 } = workers;
    const leaving = retiring > 0 ? `, ${retiring} leaving` : '';
    lines.push(row('Workers', `${bar(ready, desired, paint)} ${ready} of ${desired} ready${leaving}`));
  }
  const tasks = progress(state);
  if (tasks) lines.push(row('Tasks', `${bar(tasks.done, tasks.all, paint)} ${tasks.text}`));
  if (trouble) lines.push(row('Trouble', paint('yellow', trouble)));
  const start = status.startTime ?? run.metadata.creationTimestamp ?? canvas.now;
  for (const [index, event] of events.slice(-SHOWN_EVENTS).entries()) {
    const at = `+${seconds(Math.max(0, event.at - start))}`.padStart(8);
    const text = `${at}  ${paint(event.warning ? 'yellow' : undefined, event.reason)}  ${paint('dim', event.note)}`;
    lines.push(row(index === 0 ? 'Events' : '', text));
  }
  const value = status.result?.value;
  if (value !== undefined && value !== null)
    formatValue(value).forEach((line, index) => lines.push(row(index === 0 ? 'Result' : '', line)));
  return lines.map((line) => cut(line, canvas));
}

/** The same in one line, for logs: equal as long as nothing changed that is worth a line. */
export function summarize(state: State): string {
  const { run, gone, trouble } = state;
  const { phase, cluster, message } = run.status;
  const workers = cluster?.workers;
  const parts = [
    gone ? 'Deleted' : (phase ?? 'Pending'),
    workers?.desired === undefined ? '' : `workers ${workers.ready ?? 0}/${workers.desired}`,
    progress(state)?.text.replace(/^/, 'tasks ') ?? '',
    ...rejected(state),
    trouble ?? message ?? '',
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

function facts({ run }: State, now: number): string {
  const { attempt = 0, startTime, completionTime } = run.status;
  return [
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(startTime === undefined ? [] : [seconds(Math.max(0, (completionTime ?? now) - startTime))]),
  ]
    .map((fact) => `· ${fact}`)
    .join(' ');
}

function rejected({ run }: State): string[] {
  const accepted = run.status.conditions.find(({ type }) => type === 'Accepted');
  return accepted?.status === 'False' && accepted.message !== run.status.message
    ? [accepted.message ?? '']
    : [];
}

/** Dask forgets tasks whose results nobody wants, so all tasks are at least those done and those still to do. */
function progress({ run }: State): { done: number; all: number; text: string } | undefined {
  const { tasks } = run.status;
  if (tasks === undefined) return undefined;
  const { total = 0, finished = 0, running = 0, waiting = 0, succeeded, failed = 0 } = tasks;
  const bad = failed > 0 ? `, ${failed} failed` : '';
  if (succeeded !== undefined) {
    const all = succeeded + failed;
    return { done: succeeded, all, text: `${succeeded} of ${all} succeeded${bad}` };
  }
  const all = Math.max(total, finished + running + waiting);
  if (all === 0) return undefined;
  return {
    done: finished,
    all,
    text: `${finished} of ${all}${running > 0 ? `, ${running} running` : ''}${bad}`,
  };
}

function bar(done: number, all: number, paint: (style: Style, text: string) => string): string {
  const filled = all === 0 ? 0 : Math.min(BAR, Math.floor((done / all) * BAR));
  return paint('cyan', '━'.repeat(filled)) + paint('dim', '─'.repeat(BAR - filled));
}

/** `7.3 s`, `42 s`, `3 min 05 s`, `2 h 07 min`. */
export function seconds(milliseconds: number): string {
  const whole = Math.floor(milliseconds / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 10) return `${(Math.floor(milliseconds / 100) / 10).toFixed(1)} s`;
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A line that would wrap breaks the repainting in place; a cut one loses its colours rather than leaving one open. */
function cut(line: string, { width }: Canvas): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= width ? line : `${plain.slice(0, width - 1)}…`;
}
