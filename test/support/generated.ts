import { stringify } from 'yaml';

import { flowRunCrd, flowRunSchema } from '../../src/api/crd.ts';
import { chartFiles } from './chart.ts';
import { referencePage } from './reference.ts';

/** Every generated file that is committed: content by path from the top of the repository. */
export function generatedFiles(): Record<string, string> {
  const crd = stringify(flowRunCrd(), { lineWidth: 120, aliasDuplicateObjects: false });
  return {
    'crds/flowruns.flowrun.dev.yaml': `# Generated from src/api by \`npm run generate\`; do not edit.\n${crd}`,
    ...chartFiles(),
    'docs/reference.md': referencePage(flowRunSchema()),
  };
}
