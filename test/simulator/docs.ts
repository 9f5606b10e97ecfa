import { plot } from './plot.ts';
import { type Comparison, table } from './table.ts';

/** Between these lines of docs/scaling.md stands what the simulator writes. */
const BEGIN = '<!-- simulator: begin -->';
const END = '<!-- simulator: end -->';

export const PAGE = 'docs/scaling.md';

/** Every file that the simulator writes: content by path from the top of the repository. `page` is the page as it is. */
export function simulatedFiles(comparisons: readonly Comparison[], page: string): Record<string, string> {
  const plots = comparisons.map((comparison) => [pathOf(comparison), plot(comparison)] as const);
  return { [PAGE]: withResults(page, comparisons), ...Object.fromEntries(plots) };
}

function pathOf({ trace }: Comparison): string {
  return `docs/scaling/${trace.name.toLowerCase().replaceAll(/[^a-z]+/g, '-')}.svg`;
}

function withResults(page: string, comparisons: readonly Comparison[]): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${PAGE} has no place for the results`);
  const plots = comparisons.map((comparison) => {
    const { trace } = comparison;
    return `### ${trace.name}\n\n${trace.story}\n\n![${trace.name}](${pathOf(comparison).replace('docs/', '')})`;
  });
  return `${before}${BEGIN}\n\n${[table(comparisons), ...plots].join('\n\n')}\n\n${END}${after}`;
}
