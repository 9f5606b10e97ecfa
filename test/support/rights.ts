import { OWN_RIGHTS, RUN_RIGHTS, type Right } from '../../src/manifests/rbac.ts';

const BEGIN = '<!-- rights: written by `npm run generate` -->';
const END = '<!-- end of rights -->';

/** The page with its table of the operator's rights as they are. Throws when the page has no place for it. */
export function withRights(page: string): string {
  const start = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (start === -1 || end < start) throw new Error(`the page has no ${BEGIN} … ${END}`);
  const table = [
    '| Where | What | May | Why |',
    '|---|---|---|---|',
    ...RUN_RIGHTS.map((right) => row('the namespaces it serves', right)),
    ...OWN_RIGHTS.map((right) => row('its own namespace', right)),
  ];
  return `${page.slice(0, start + BEGIN.length)}\n${table.join('\n')}\n${page.slice(end)}`;
}

function row(where: string, { resources, resourceNames, verbs, why }: Right): string {
  const names = resourceNames === undefined ? '' : ` named ${resourceNames.join(', ')}`;
  return `| ${where} | ${resources.join(', ')}${names} | ${verbs.join(', ')} | ${why} |`;
}
