import { describe, expect, it } from 'vitest';

import { parseFlowRun } from './parse.ts';

const stored = (spec: unknown, status?: unknown) => ({
  apiVersion: 'flowrun.dev/v1alpha1',
  kind: 'FlowRun',
  metadata: {
    name: 'demo',
    namespace: 'default',
    uid: '00000000-0000-4000-8000-000000000000',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
    managedFields: [],
  },
  spec,
  ...(status === undefined ? {} : { status }),
});

const command = { command: ['true'] };

describe('parseFlowRun', () => {
  it('keeps an empty clusterKwargs apart from an absent one', () => {
    const parsed = parseFlowRun(
      stored({ flow: command, executor: { type: 'DaskExecutor', clusterKwargs: {} } }),
    );
    expect(parsed).toMatchObject({ ok: true, value: { spec: { executor: { clusterKwargs: {} } } } });
    const absent = parseFlowRun(stored({ flow: command, executor: { type: 'DaskExecutor' } }));
    expect(absent.ok && absent.value.spec.executor).toEqual({ type: 'DaskExecutor' });
  });

  it('keeps what it does not know inside free-form fields', () => {
    const parameters = { a: { b: [1, null, 'x', { c: 1.5 }] } };
    const parsed = parseFlowRun(stored({ flow: { ...command, parameters } }));
    expect(parsed.ok && parsed.value.spec.flow.parameters).toEqual(parameters);
  });

  it('fills in the defaults of the schema', () => {
    const parsed = parseFlowRun(stored({ flow: command, retry: { limit: 2 }, cleanup: {} }));
    expect(parsed).toMatchObject({
      value: {
        spec: {
          retry: { limit: 2, when: 'Infrastructure', backoffSeconds: 10, maxBackoffSeconds: 360 },
          cleanup: { clusterAfterFailureSeconds: 0 },
        },
      },
    });
  });

  it.each<{ when: string; spec: unknown; want: string }>([
    {
      when: 'a field is unknown',
      spec: { flow: { ...command, colour: 1 } },
      want: 'spec.flow.colour: unknown field',
    },
    { when: 'a field is missing', spec: {}, want: 'spec.flow: is required' },
    {
      when: 'a number stands where a string belongs',
      spec: { flow: { ...command, env: [{ name: 'A', value: 1 }] } },
      want: 'spec.flow.env[0].value: must be a string (in quotes, if YAML reads it as something else)',
    },
    {
      when: 'a value is none of those known',
      spec: { flow: command, executor: { type: 'Dask' } },
      want: 'spec.executor.type: must be "LocalExecutor" or "LocalDaskExecutor" or "DaskExecutor"',
    },
    {
      when: 'a name comes twice',
      spec: { flow: { ...command, env: [{ name: 'A' }, { name: 'A' }] } },
      want: 'spec.flow.env[1]: duplicate name "A"',
    },
    {
      when: 'a number is too small',
      spec: { flow: command, activeDeadlineSeconds: 0 },
      want: 'spec.activeDeadlineSeconds: must be at least 1',
    },
    {
      when: 'a string is too long',
      spec: { flow: { command: ['x'.repeat(32769)] } },
      want: 'spec.flow.command[0]: must be at most 32768 characters',
    },
    {
      when: 'a fraction stands where a quantity belongs',
      spec: { flow: { ...command, resources: { limits: { 'nvidia.com/gpu': 0.5 } } } },
      want: 'spec.flow.resources.limits["nvidia.com/gpu"]: must be a whole number or a string (put fractions in quotes, "0.5")',
    },
  ])('says what is wrong and where when $when', ({ spec, want }) => {
    const parsed = parseFlowRun(stored(spec));
    expect(parsed.ok ? undefined : parsed.message).toBe(want);
  });

  it('shows the first five issues and counts the rest', () => {
    const parsed = parseFlowRun(stored({ flow: { ...command, a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1 } }));
    expect(parsed.ok ? undefined : parsed.message).toMatch(/; spec\.flow\.e: unknown field; and 2 more$/);
  });

  it('does not throw on anything', () => {
    for (const value of [undefined, null, 1, '', [], {}, { spec: null }])
      expect(parseFlowRun(value).ok).toBe(false);
  });
});
