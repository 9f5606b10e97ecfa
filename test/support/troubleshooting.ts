import { CONDITIONS } from '../../src/core/reasons/conditions.ts';
import { COURSE } from '../../src/core/reasons/course.ts';
import { OPERATOR_ENDS } from '../../src/core/reasons/ends.ts';
import type { Entry } from '../../src/core/reasons/entry.ts';
import { EVENTS, LOSSES } from '../../src/core/reasons/events.ts';
import { TAKEN, WAITING } from '../../src/core/reasons/kubernetes.ts';
import { LAUNCHER_ENDS } from '../../src/core/reasons/launcher.ts';
import { REFUSALS } from '../../src/core/reasons/refusals.ts';

const INTRODUCTION = `# Troubleshooting

\`kubectl get flowruns\` shows a phase and a reason; this page says what each reason means and what to do. The sentence that goes with
it, with names and numbers, is in \`.status.message\`:

\`\`\`sh
kubectl get flowrun NAME -o jsonpath='{.status.message}'
flowrun explain NAME                                    # why it is where it is, what it waits for, what happens next
kubectl describe flowrun NAME                           # all conditions, attempts and events
kubectl logs -l flowrun.dev/name=NAME,flowrun.dev/role=flow --tail=-1
\`\`\`

A run that is over has the reason of its end in \`Failed\` or \`Complete\`, in \`status.result\`, and for each attempt in \`status.attempts\`.
Its cluster is cleared away at once, its flow pods stay with their logs; \`spec.cleanup.clusterAfterFailureSeconds\` keeps the cluster for
a look. Generated from the lists in \`src/core/reasons\` by \`npm run generate\`; do not edit.
`;

type Entries = Record<string, Entry>;
type End = Entry & { class: string; final?: boolean };

const ENDS: [string, End][] = Object.entries<End>({ ...OPERATOR_ENDS, ...LAUNCHER_ENDS });
const ORDERED = new Set(['Succeeded', 'Cancelled', 'Suspended', 'DeadlineExceeded']);

const endsOf = (whose: string) =>
  Object.fromEntries(ENDS.filter(([reason, end]) => !ORDERED.has(reason) && end.class.startsWith(whose)));

/** Sections with a heading for each reason: the REASON column. */
const SECTIONS: [title: string, text: string, entries: Entries][] = [
  ['On its way', 'The phase is `Pending`, `Starting` or `Running`, and nothing is wrong.', COURSE],
  [
    'The spec cannot be run',
    'The phase is `Pending` and the condition `Accepted` is False. Nothing was created. A corrected spec is judged at once.',
    REFUSALS,
  ],
  [
    'Ended as it should, or by order',
    'The phase is `Succeeded`, `Cancelled`, `Suspended` or `Failed`.',
    Object.fromEntries(ENDS.filter(([reason]) => ORDERED.has(reason))),
  ],
  [
    'The spec asks for what cannot work',
    'The phase is `Failed`, the class of the attempt `Spec`: another attempt would end the same way, so there is none.',
    endsOf('Spec'),
  ],
  [
    'The flow failed',
    'The class of the attempt is `Flow`. It is retried only with `spec.retry.when: Any`.',
    endsOf('Flow'),
  ],
  [
    'The cluster failed',
    'The class of the attempt is `Infrastructure`. It is retried as often as `spec.retry.limit` says; its default is 0.',
    endsOf('Infrastructure'),
  ],
];

/** Every reason, what it means and what to do, as Markdown. */
export function troubleshootingPage(): string {
  const index = SECTIONS.map(
    ([title, , entries]) =>
      `- [${title}](#${anchor(title)}): ${Object.keys(entries)
        .map((reason) => `[${reason}](#${anchor(reason)})`)
        .join(', ')}`,
  );
  return [
    INTRODUCTION,
    '## Reasons\n',
    `${index.join('\n')}\n`,
    ...SECTIONS.map(section),
    '## Conditions\n',
    'Beside the reasons above, which `Running`, `Failed` and `Complete` repeat:\n',
    table('Condition | Reason', conditionRows()),
    '## Pods that do not start\n',
    'What Kubernetes says of a pod that waits, in the condition `WorkersPending` and in messages.\n',
    table('Reason', rows(WAITING)),
    '## Workers that were lost\n',
    'In `status.cluster.workers.lost`. Lost workers are replaced.\n',
    table('Reason', rows(LOSSES)),
    '## Pods that were taken away\n',
    'What Kubernetes says of a pod that it ended itself, in messages and for lost workers.\n',
    table('Reason', rows(TAKEN)),
    '## Events\n',
    'The ends above, and those conditions that are a trouble, are told as events too. Beside them:\n',
    table('Reason', rows(EVENTS)),
  ].join('\n');
}

function section([title, text, entries]: (typeof SECTIONS)[number]): string {
  const parts = Object.entries(entries).map(
    ([reason, { meaning, advice }]) => `### ${reason}\n\n${meaning}\n\n**What to do:** ${advice}\n`,
  );
  return [`## ${title}\n`, `${text}\n`, ...parts].join('\n');
}

function conditionRows(): string[][] {
  return Object.entries<Partial<Record<string, Entries>>>(CONDITIONS).flatMap(([type, statuses]) =>
    Object.entries(statuses).flatMap(([status, entries = {}]) =>
      rows(entries).map((row) => [`\`${type}\` is ${status}`, ...row]),
    ),
  );
}

const rows = (entries: Entries) =>
  Object.entries(entries).map(([reason, { meaning, advice }]) => [`\`${reason}\``, meaning, advice]);

function table(first: string, cells: readonly string[][]): string {
  const head = `| ${first} | Meaning | What to do |`;
  const line = head.replaceAll(/[^|]+/g, '---');
  return `${[head, line, ...cells.map((row) => `| ${row.join(' | ')} |`)].join('\n')}\n`;
}

const anchor = (title: string) =>
  title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
