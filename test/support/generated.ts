import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';

import { flowRunCrd, flowRunSchema } from '../../src/api/crd.ts';
import { chartFiles } from './chart.ts';
import { withClusterKwargs } from './cluster-kwargs.ts';
import { metricsPage } from './metrics.ts';
import { referencePage } from './reference.ts';
import { withRights } from './rights.ts';
import { troubleshootingPage } from './troubleshooting.ts';
import { valuesPage } from './values.ts';

/** Every generated file that is committed: content by path from the top of the repository. */
export function generatedFiles(): Record<string, string> {
  const crd = stringify(flowRunCrd(), { lineWidth: 120, aliasDuplicateObjects: false });
  return {
    'crds/flowruns.flowrun.dev.yaml': `# Generated from src/api by \`npm run generate\`; do not edit.\n${crd}`,
    ...chartFiles(),
    'docs/executors.md': withClusterKwargs(read('docs/executors.md')),
    'docs/metrics.md': metricsPage(),
    'docs/security.md': withRights(read('docs/security.md')),
    'docs/troubleshooting.md': troubleshootingPage(),
    'docs/values.md': valuesPage(read('charts/flowrun-operator/values.yaml')),
    'docs/reference.md': referencePage(flowRunSchema()),
  };
}

const read = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
