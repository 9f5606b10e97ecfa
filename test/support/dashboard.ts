import type { MetricName } from '../../src/ops/metric-families.ts';

interface Panel {
  title: string;
  description: string;
  /** Of Grafana. */
  unit: 'short' | 's' | 'reqps';
  /** PromQL by what its lines are called; `@` stands for the selector of the release, and may have more behind it. */
  queries: Readonly<Record<string, string>>;
}

const quantile = (part: number, metric: MetricName, by: string) =>
  `histogram_quantile(${part}, sum by (le, ${by}) (rate(${metric}_bucket@[$__rate_interval])))`;

/** Two in a row: what users ask about their runs first, then what the operator's keeper asks. */
export const PANELS: readonly Panel[] = [
  {
    title: 'Runs that ended',
    description: 'By outcome.',
    unit: 'short',
    queries: { '{{outcome}}': 'sum by (outcome) (increase(flowrun_runs_total@[$__rate_interval]))' },
  },
  {
    title: 'Why runs failed',
    description: 'Each reason is explained in docs/troubleshooting.md.',
    unit: 'short',
    queries: {
      '{{reason}}': 'sum by (reason) (increase(flowrun_runs_total@{outcome="Failed"}[$__rate_interval]))',
    },
  },
  {
    title: 'Time in a phase',
    description: 'Nineteen of twenty runs left it sooner.',
    unit: 's',
    queries: { '{{phase}}': quantile(0.95, 'flowrun_phase_seconds', 'phase') },
  },
  {
    title: 'Attempts that ended',
    description: 'By whose failure it was. Many of class Infrastructure: look at the nodes.',
    unit: 'short',
    queries: {
      '{{outcome}} {{class}}':
        'sum by (outcome, class) (increase(flowrun_attempts_total@[$__rate_interval]))',
    },
  },
  {
    title: 'Runs at present',
    description: 'Those with a Dask cluster that is followed, and those that wait for a slot.',
    unit: 'short',
    queries: {
      'with a scheduler': 'sum(flowrun_schedulers@)',
      'waiting for a slot': 'sum(flowrun_waiting_runs@)',
    },
  },
  {
    title: 'Changes of cluster sizes',
    description: 'As many up as down is a load that comes and goes.',
    unit: 'short',
    queries: {
      '{{direction}}': 'sum by (direction) (increase(flowrun_scaling_decisions_total@[$__rate_interval]))',
    },
  },
  {
    title: 'Time of a reconcile',
    description: 'Nineteen of twenty took less.',
    unit: 's',
    queries: { '{{result}}': quantile(0.95, 'flowrun_reconcile_seconds', 'result') },
  },
  {
    title: 'Work queue',
    description: 'Runs that wait to be reconciled, and how long the first of them has waited.',
    unit: 'short',
    queries: {
      runs: 'sum(flowrun_queue_depth@)',
      'seconds of the oldest': 'max(flowrun_queue_age_seconds@)',
    },
  },
  {
    title: 'Requests to the API server',
    description: 'By verb and code; 409 is a write that came second and was decided anew.',
    unit: 'reqps',
    queries: {
      '{{verb}} {{code}}': 'sum by (verb, code) (rate(flowrun_api_request_seconds_count@[$__rate_interval]))',
    },
  },
  {
    title: 'Leader and watches',
    description: 'Exactly one process leads. A watch that says nothing for three minutes is broken.',
    unit: 'short',
    queries: {
      leaders: 'sum(flowrun_leader@)',
      'seconds of silence': 'max(flowrun_watch_age_seconds@)',
    },
  },
];

const WIDTH = 12;
const HEIGHT = 8;
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** The dashboard in Grafana's JSON model. */
export function dashboard(): object {
  return {
    uid: 'flowrun-operator',
    title: 'FlowRun',
    tags: ['flowrun'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        {
          name: 'namespace',
          label: 'Namespace of the operator',
          type: 'query',
          datasource: DATASOURCE,
          query: { query: 'label_values(flowrun_leader, namespace)', refId: 'namespace' },
          refresh: 2,
          includeAll: true,
          multi: true,
          current: { text: 'All', value: '$__all' },
        },
      ],
    },
    panels: PANELS.map(({ title, description, unit, queries }, index) => ({
      id: index + 1,
      type: 'timeseries',
      title,
      description,
      datasource: DATASOURCE,
      gridPos: {
        x: (index % 2) * WIDTH,
        y: Math.floor(index / 2) * HEIGHT,
        w: WIDTH,
        h: HEIGHT,
      },
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      options: { tooltip: { mode: 'multi', sort: 'desc' } },
      targets: Object.entries(queries).map(([legendFormat, query], place) => ({
        refId: String.fromCodePoint(65 + place),
        datasource: DATASOURCE,
        expr: withSelector(query),
        legendFormat,
      })),
    })),
  };
}

function withSelector(query: string): string {
  const own = 'namespace=~"$namespace"';
  return query.replaceAll('@{', `{${own},`).replaceAll('@', `{${own}}`);
}
