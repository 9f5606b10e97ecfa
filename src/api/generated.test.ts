import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { generatedFiles } from '../../test/support/generated.ts';
import { flowRunCrd } from './crd.ts';

describe('generated files', () => {
  it.each(Object.entries(generatedFiles()))('%s is what `npm run generate` writes', (path, content) => {
    expect(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')).toBe(content);
  });

  it('keep the CRD small enough for client-side apply, which copies it into an annotation', () => {
    expect(JSON.stringify(flowRunCrd()).length).toBeLessThan(256 * 1024);
  });
});
