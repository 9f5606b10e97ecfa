import { FAMILIES, type MetricFamily } from '../../src/ops/metric-families.ts';

const INTRODUCTION = `# Metrics

Generated from \`src/ops/metric-families.ts\` by \`npm run generate\`; do not edit.

The operator serves Prometheus' text format at \`/metrics\` on port 8080 of its Service; the chart makes a ServiceMonitor for it with
\`metrics.serviceMonitor.enabled\`, and with \`metrics.dashboard.enabled\` a ConfigMap that Grafana's sidecar takes a dashboard from. To look at them by hand, with the names of the release and its namespace:

\`\`\`sh
kubectl port-forward --namespace flowrun service/flowrun-operator 8080:8080 &
curl --silent localhost:8080/metrics | grep ^flowrun_
\`\`\`

Each process counts from its own start, and only the leader works: sum over the replicas. Node's own figures (\`process_*\`, \`nodejs_*\`) are there too.
\`/healthz\` and \`/readyz\` on the same port say in words what is wrong.

| Metric | Type | Labels | Meaning |
|---|---|---|---|
`;

/** The reference of the operator's metrics as Markdown. */
export function metricsPage(): string {
  const families: [string, MetricFamily][] = Object.entries(FAMILIES);
  const rows = families.map(([name, { type, labels, help }]) => {
    const meanings = Object.entries(labels).map(([label, meaning]) => `\`${label}\`: ${meaning}`);
    return `| \`${name}\` | ${type} | ${meanings.join('; ')} | ${help} |`;
  });
  return `${INTRODUCTION}${rows.join('\n')}

## What to watch

| Question | Query |
|---|---|
| Does anybody work? | \`max(flowrun_leader) < 1\` |
| Has a watch gone silent, though its connection stands? | \`max(flowrun_watch_age_seconds) > 180\` |
| Does the operator keep up? | \`max(flowrun_queue_age_seconds) > 10\` |
| Do reconciles fail? | \`sum(rate(flowrun_reconcile_seconds_count{result="error"}[5m])) > 0\` |
| Why do runs fail? | \`sum by (reason) (increase(flowrun_runs_total{outcome="Failed"}[1h]))\` |
| How long until a flow runs? | \`histogram_quantile(0.95, sum by (le) (rate(flowrun_phase_seconds_bucket{phase="Starting"}[1h])))\` |
| Does the API server refuse or fail? | \`sum by (code) (rate(flowrun_api_request_seconds_count{code!~"2.."}[5m]))\` |
`;
}
