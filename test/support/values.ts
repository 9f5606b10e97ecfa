import { type Document, isMap, isScalar, parseDocument } from 'yaml';
import { FLAGS } from '../../src/config.ts';

const INTRODUCTION = `# Values of the chart

Generated from \`charts/flowrun-operator/values.yaml\` and the options of the operator by \`npm run generate\`; do not edit.
A value that is not in this list, or of another type, is refused (\`values.schema.json\`).

| Value | Default | Meaning |
|---|---|---|
`;

/** Options that the chart sets itself. */
const OWN = new Set(['namespace', 'lease-namespace', 'lease-name', 'http-port', 'operator-pods']);

/** The reference of the chart's values as Markdown. */
export function valuesPage(valuesYaml: string): string {
  const document = parseDocument(valuesYaml);
  const options = Object.entries(FLAGS)
    .filter(([flag]) => !OWN.has(flag))
    .map(([flag, meaning]) => {
      const key = flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
      return `| \`config.${key}\` | ${escape(meaning)} |`;
    });
  return `${INTRODUCTION}${rows(document.contents, []).join('\n')}

## \`config\`

The operator's own settings; what is absent has its default.

| Value | Meaning |
|---|---|
${options.join('\n')}
`;
}

function rows(node: Document['contents'], path: readonly string[]): string[] {
  if (!isMap(node)) return [];
  return node.items.flatMap((pair, index) => {
    if (!isScalar(pair.key)) return [];
    const own = [...path, String(pair.key.value)];
    // The comment above the first key belongs to the map.
    const comment = pair.key.commentBefore ?? (index === 0 ? node.commentBefore : undefined) ?? '';
    const nested = isMap(pair.value) && pair.value.items.length > 0 && pair.value.flow !== true;
    if (nested && isMap(pair.value)) {
      const inner = rows(pair.value, own);
      return comment === '' ? inner : [row(own, '', comment), ...inner];
    }
    const value: unknown = isScalar(pair.value) ? pair.value.value : JSON.parse(JSON.stringify(pair.value));
    return [row(own, `\`${JSON.stringify(value)}\``, comment)];
  });
}

function row(path: readonly string[], value: string, comment: string): string {
  return `| \`${path.join('.')}\` | ${value} | ${escape(comment.trim().replaceAll(/\s*\n\s*/g, ' '))} |`;
}

const escape = (text: string) => text.replaceAll('|', '\\|');
