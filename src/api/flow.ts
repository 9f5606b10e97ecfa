import { z } from 'zod';

import { podSettings, resources } from './pod-settings.ts';
import { withRules } from './rule.ts';
import { freeForm, list, nonEmpty, text } from './schema.ts';
import { source } from './source.ts';

const ENTRYPOINT = String.raw`^[^:\s][^:]*:[^:.\s]+(\.[^:.\s]+)*$`;
const entrypoint = new RegExp(ENTRYPOINT, 'u');

/** What runs, and in which pods. */
export const flow = withRules(
  z.strictObject({
    image: nonEmpty(1024)
      .describe(
        "Image with the code and its dependencies. Default: the image in the operator's configuration.",
      )
      .optional(),
    entrypoint: nonEmpty(1024)
      .describe(
        'What to run: `path/file.py:object` or `package.module:object`. The object is a Prefect flow or any callable. A relative path is looked up in `/flow`, then in the working directory of the image.',
      )
      .optional(),
    command: list(text(32768), 64)
      .min(1)
      .describe(
        'A program to run instead of an entrypoint. It finds its Dask cluster through the variable `DASK_SCHEDULER_ADDRESS`, as `distributed.Client()` does by itself.',
      )
      .optional(),
    args: list(text(32768), 256).describe('Arguments of `command`.').optional(),
    parameters: freeForm(1000)
      .describe(
        'Parameters of the flow: any JSON object. Quote keys that YAML takes for booleans (`"n"`, `"y"`, `"on"`, `"no"`).',
      )
      .optional(),
    source: source.describe('Code that is not in the image.').optional(),
    resources: resources
      .describe('Resources of the flow container. Those of workers are in `executor.clusterKwargs`.')
      .optional(),
    template: freeForm(8)
      .describe(
        "A PodTemplateSpec laid over the flow pod; containers are merged by name, the flow's is called `flow`.",
      )
      .optional(),
    ...podSettings,
  }),
  [
    {
      rule: 'has(self.entrypoint) != has(self.command)',
      message: 'give exactly one of `entrypoint` and `command`',
      check: (value) => (value.entrypoint === undefined) !== (value.command === undefined),
    },
    {
      rule: '!has(self.args) || has(self.command)',
      message: '`args` belong to `command`; a flow with an entrypoint takes `parameters`',
      check: (value) => value.args === undefined || value.command !== undefined,
    },
    {
      rule: `!has(self.entrypoint) || self.entrypoint.matches(r'${ENTRYPOINT}')`,
      message: '`entrypoint` must read `path/file.py:object` or `package.module:object`',
      check: (value) => value.entrypoint === undefined || entrypoint.test(value.entrypoint),
    },
  ],
);
