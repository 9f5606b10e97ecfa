import { z } from 'zod';

import { withRules } from './rule.ts';
import { mapOf, nonEmpty } from './schema.ts';

const MAX_FILES = 32;
const MAX_CHARACTERS = 128 * 1024;

// A segment starts with neither `/` nor `..`: what Kubernetes wants of a path inside a volume.
const RELATIVE_PATH = String.raw`^\.?[^./\\\x00-\x1f][^/\\\x00-\x1f]*(/\.?[^./\\\x00-\x1f][^/\\\x00-\x1f]*)*$`;
const relativePath = new RegExp(RELATIVE_PATH, 'u');

// Code points, as CEL and the API server count them.
const characters = (value: string) => Array.from(value).length;

const inline = withRules(mapOf(z.string().meta({ maxLength: MAX_CHARACTERS }), MAX_FILES), [
  {
    rule: `self.all(path, size(path) <= 253 && path.matches(r'${RELATIVE_PATH}'))`,
    message:
      'a path must be relative, without `..`, empty parts or a trailing slash, and of at most 253 characters, like `flow.py` or `lib/helpers.py`',
    check: (files) => Object.keys(files).every((path) => characters(path) <= 253 && relativePath.test(path)),
  },
  {
    rule: `self.map(path, size(self[path])).sum() <= ${MAX_CHARACTERS}`,
    message:
      'the files may hold 131072 characters (128 Ki) in all; put larger ones into the image or a volume',
    check: (files) =>
      Object.values(files).reduce((sum, content) => sum + characters(content), 0) <= MAX_CHARACTERS,
  },
]);

/** Code that is not in the image: mounted read-only at `/flow` in the flow pod and in every worker. */
export const source = withRules(
  z.strictObject({
    inline: inline
      .describe(
        'Files by relative path (`flow.py: |` …): at most 32 files with 128 Ki characters in all. Mounted read-only at `/flow`.',
      )
      .optional(),
    configMap: z
      .strictObject({ name: nonEmpty(253).describe('Name of a ConfigMap in the namespace of the FlowRun.') })
      .describe('The same from a ConfigMap, whose keys are the file names.')
      .optional(),
  }),
  [
    {
      rule: 'has(self.inline) != has(self.configMap)',
      message: 'give exactly one of `inline` and `configMap`',
      check: (value) => (value.inline === undefined) !== (value.configMap === undefined),
    },
  ],
);
