import { describe, expect, test } from 'vitest';

import { dask, resolveWith } from './resolve.fixture.ts';

const refusal = (kwargs: object) => {
  const resolution = resolveWith(dask(kwargs));
  return resolution.ok ? 'accepted' : `${resolution.reason}: ${resolution.message}`;
};

describe('a keyword argument that is wrong is refused with what to write instead', () => {
  test.each([
    [
      { n_worker: 3 },
      'InvalidClusterKwargs: `clusterKwargs.n_worker` is not known; did you mean `n_workers`?',
    ],
    [
      { nWorkers: 3 },
      'InvalidClusterKwargs: `clusterKwargs.nWorkers` is not known; did you mean `n_workers`?',
    ],
    [{ workers: 3 }, 'InvalidClusterKwargs: `clusterKwargs.workers` is not known; did you mean `n_workers`?'],
    [
      { mem_limit: '4GB' },
      'InvalidClusterKwargs: `clusterKwargs.mem_limit` is not known; did you mean `memory_limit`?',
    ],
    [{ threads: 2 }, 'InvalidClusterKwargs: `clusterKwargs.threads` is not known; did you mean `nthreads`?'],
    [
      { scheduler_template: {} },
      'InvalidClusterKwargs: `clusterKwargs.scheduler_template` is not known; did you mean `scheduler_pod_template`?',
    ],
    [
      { constructor: 1 },
      'InvalidClusterKwargs: `clusterKwargs.constructor` is not known; did you mean `n_workers`?',
    ],
    [
      { memory: '4GB' },
      'InvalidClusterKwargs: `clusterKwargs.memory` is not known; did you mean `memory_limit`?',
    ],
    [{ cpus: 2 }, 'InvalidClusterKwargs: `clusterKwargs.cpus` is not known; did you mean `cpu_limit`?'],
    [
      { worker_image: 'x' },
      'InvalidClusterKwargs: `clusterKwargs.worker_image` is not known; did you mean `image`?',
    ],
    [
      { groups: {} },
      'InvalidClusterKwargs: `clusterKwargs.groups` is not known; did you mean `worker_groups`?',
    ],
    [
      { namespaces: 'x' },
      'InvalidClusterKwargs: `clusterKwargs.namespaces` is not known; did you mean `namespace`?',
    ],
    [
      { n_workers: '3' },
      'InvalidClusterKwargs: `clusterKwargs.n_workers` must be a whole number of at least 0, not "3".',
    ],
    [
      { n_workers: -1 },
      'InvalidClusterKwargs: `clusterKwargs.n_workers` must be a whole number of at least 0, not -1.',
    ],
    [
      { n_workers: 2.5 },
      'InvalidClusterKwargs: `clusterKwargs.n_workers` must be a whole number of at least 0, not 2.5.',
    ],
    [
      { n_workers: true },
      'InvalidClusterKwargs: `clusterKwargs.n_workers` must be a whole number of at least 0, not true.',
    ],
    [{ image: '' }, 'InvalidClusterKwargs: `clusterKwargs.image` must be a non-empty string, not "".'],
    [{ image: 7 }, 'InvalidClusterKwargs: `clusterKwargs.image` must be a non-empty string, not 7.'],
    [
      { labels: { team: 1 } },
      'InvalidClusterKwargs: `clusterKwargs.labels` must be a map from strings to strings (quote numbers and booleans), not {"team":1}.',
    ],
    [
      { annotations: ['a'] },
      'InvalidClusterKwargs: `clusterKwargs.annotations` must be a map from strings to strings (quote numbers and booleans), not ["a"].',
    ],
    [
      { labels: { 'flowrun.dev/role': 'x' } },
      "InvalidClusterKwargs: `clusterKwargs.labels`: the key flowrun.dev/role is the operator's and cannot be set.",
    ],
    [
      { env: { DEBUG: true } },
      'InvalidClusterKwargs: `clusterKwargs.env` must be a map from names to strings (quote numbers and booleans), or a list of `name` and `value`.',
    ],
    [
      { env: 'A=1' },
      'InvalidClusterKwargs: `clusterKwargs.env` must be a map from names to strings (quote numbers and booleans), or a list of `name` and `value`.',
    ],
    [
      { env: [{ value: '1' }] },
      'InvalidClusterKwargs: `clusterKwargs.env` must be a map from names to strings (quote numbers and booleans), or a list of `name` and `value`.',
    ],
    [
      { env: { FLOWRUN_UID: 'x' } },
      "InvalidClusterKwargs: `clusterKwargs.env`: the variable FLOWRUN_UID is the operator's and cannot be set.",
    ],
    [
      { env: { DASK_SCHEDULER_ADDRESS: 'tcp://x:1' } },
      "InvalidClusterKwargs: `clusterKwargs.env`: the variable DASK_SCHEDULER_ADDRESS is the operator's and cannot be set.",
    ],
    [
      { env: { DASK_DISTRIBUTED__COMM__TLS__CA_FILE: 'x' } },
      "InvalidClusterKwargs: `clusterKwargs.env`: the variable DASK_DISTRIBUTED__COMM__TLS__CA_FILE is the operator's and cannot be set.",
    ],
    [
      { threads_per_worker: 0 },
      'InvalidClusterKwargs: `clusterKwargs.threads_per_worker` must be a whole number of at least 1, not 0.',
    ],
    [
      { threads_per_worker: 1, nthreads: 2 },
      'InvalidClusterKwargs: `clusterKwargs.threads_per_worker` and `clusterKwargs.nthreads` say the same thing; write one of them.',
    ],
    [
      { memory_limit: '4 apples' },
      'InvalidClusterKwargs: `clusterKwargs.memory_limit` must be a size such as "4 GiB", a number of bytes, or "auto", not "4 apples".',
    ],
    [
      { memory_limit: true },
      'InvalidClusterKwargs: `clusterKwargs.memory_limit` must be a size such as "4 GiB", a number of bytes, or "auto", not true.',
    ],
    [
      { memory_request: '-1' },
      'InvalidClusterKwargs: `clusterKwargs.memory_request` must be a size such as "4 GiB", or a number of bytes, not "-1".',
    ],
    [
      { memory_request: '2 GiB', memory_limit: '1 GiB' },
      'InvalidClusterKwargs: `clusterKwargs`: the request of memory (2Gi) is greater than its limit (1Gi).',
    ],
    [
      { cpu_limit: 'two' },
      'InvalidClusterKwargs: `clusterKwargs.cpu_limit` must be a number of CPUs such as 2 or "500m", not "two".',
    ],
    [
      { cpu_request: -1 },
      'InvalidClusterKwargs: `clusterKwargs.cpu_request` must be a number of CPUs such as 2 or "500m", not -1.',
    ],
    [
      { cpu_request: 2, cpu_limit: 1 },
      'InvalidClusterKwargs: `clusterKwargs`: the request of cpu (2) is greater than its limit (1).',
    ],
    [
      { memory_limit: '1GiB', resources: { limits: { memory: '1Gi' } } },
      'InvalidClusterKwargs: `clusterKwargs.memory_limit` and `clusterKwargs.resources.limits.memory` say the same thing; write one of them.',
    ],
    [
      { resources: { cpu: 2 } },
      'InvalidClusterKwargs: `clusterKwargs.resources.cpu` is not known; write it below `requests` or `limits`.',
    ],
    [
      { resources: '4Gi' },
      'InvalidClusterKwargs: `clusterKwargs.resources` must be a map of `requests` and `limits`, not "4Gi".',
    ],
    [
      { resources: { limits: { memory: 'lots' } } },
      'InvalidClusterKwargs: `clusterKwargs.resources.limits.memory` must be a quantity such as "500m" or "2Gi", not "lots".',
    ],
    [
      { resources: { limits: 4 } },
      'InvalidClusterKwargs: `clusterKwargs.resources.limits` must be a map such as {"cpu": "500m", "memory": "2Gi"}, not 4.',
    ],
    [
      { resources: { requests: { cpu: 2 }, limits: { cpu: '1500m' } } },
      'InvalidClusterKwargs: `clusterKwargs.resources`: the request of cpu (2) is greater than its limit (1500m).',
    ],
    [
      { scheduler_resources: { limit: {} } },
      'InvalidClusterKwargs: `clusterKwargs.scheduler_resources.limit` is not known; write it below `requests` or `limits`.',
    ],
    [
      { worker_resources: { GPU: '1' } },
      'InvalidClusterKwargs: `clusterKwargs.worker_resources` must be a map from names to numbers, such as {"GPU": 1}, not {"GPU":"1"}.',
    ],
    [
      { worker_resources: { 'a,b': 1 } },
      'InvalidClusterKwargs: `clusterKwargs.worker_resources` must be a map from names to numbers, such as {"GPU": 1}, not {"a,b":1}.',
    ],
    [
      { worker_resources: ['GPU'] },
      'InvalidClusterKwargs: `clusterKwargs.worker_resources` must be a map from names to numbers, such as {"GPU": 1}, not ["GPU"].',
    ],
    [
      { worker_command: [] },
      'InvalidClusterKwargs: `clusterKwargs.worker_command` must be a command such as "dask-cuda-worker", or a list of its words, not [].',
    ],
    [
      { worker_command: 5 },
      'InvalidClusterKwargs: `clusterKwargs.worker_command` must be a command such as "dask-cuda-worker", or a list of its words, not 5.',
    ],
    [
      { worker_groups: 3 },
      'InvalidClusterKwargs: `clusterKwargs.worker_groups` must be a map from names to keyword arguments, or a list of them with a `name` in each, not 3.',
    ],
    [
      { worker_groups: { gpu: { n_worker: 1 } } },
      'InvalidClusterKwargs: `clusterKwargs.worker_groups.gpu.n_worker` is not known; did you mean `n_workers`?',
    ],
    [
      { worker_groups: { gpu: { n_workers: 'two' } } },
      'InvalidClusterKwargs: `clusterKwargs.worker_groups.gpu.n_workers` must be a whole number of at least 0, not "two".',
    ],
    [
      { worker_groups: { gpu: 2 } },
      'InvalidClusterKwargs: `clusterKwargs.worker_groups.gpu` must be a map of keyword arguments, not 2.',
    ],
    [
      { worker_groups: { GPU_1: {} } },
      'InvalidClusterKwargs: `clusterKwargs.worker_groups`: the name "GPU_1" must be lower-case letters, digits and hyphens, at most 63; it becomes a label.',
    ],
    [
      { worker_groups: [{ n_workers: 1 }] },
      'InvalidClusterKwargs: `clusterKwargs.worker_groups[0].name` must be a string: the group needs a name.',
    ],
    [
      { worker_groups: ['gpu'] },
      'InvalidClusterKwargs: `clusterKwargs.worker_groups[0]` must be a map of keyword arguments, not "gpu".',
    ],
    [
      { worker_groups: [{ name: 'gpu' }, { name: 'gpu' }] },
      'InvalidClusterKwargs: `clusterKwargs.worker_groups`: the name gpu comes twice.',
    ],
    [
      { worker_groups: { gpu: { security: 'none' } } },
      'InvalidClusterKwargs: `clusterKwargs.worker_groups.gpu.security` concerns the whole cluster; write `clusterKwargs.security`.',
    ],
    [
      { worker_groups: { gpu: { minimum: 3, maximum: 2 } } },
      'InvalidClusterKwargs: `clusterKwargs.worker_groups.gpu.minimum` must not be greater than `clusterKwargs.worker_groups.gpu.maximum`.',
    ],
    [
      { memory_limit: '2 GiB', worker_groups: { big: { memory_request: '4 GiB' } } },
      'InvalidClusterKwargs: `clusterKwargs.worker_groups.big`: the request of memory (4Gi) is greater than its limit (2Gi).',
    ],
    [
      { worker_groups: { gpu: { nthreads: 1, threads_per_worker: 2 } } },
      'InvalidClusterKwargs: `clusterKwargs.worker_groups.gpu.threads_per_worker` and `clusterKwargs.worker_groups.gpu.nthreads` say the same thing; write one of them.',
    ],
    [
      { worker_groups: { gpu: { pod_template: { spec: { nodeName: 'n' } } } } },
      "InvalidTemplate: `clusterKwargs.worker_groups.gpu.pod_template.spec.nodeName` is the operator's and cannot be set.",
    ],
    [
      { worker_groups: Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`g${index}`, {}])) },
      'InvalidClusterKwargs: `clusterKwargs.worker_groups` may have at most 15 groups.',
    ],
    [
      { idle_timeout: 'later' },
      'InvalidClusterKwargs: `clusterKwargs.idle_timeout` must be a duration such as "500ms" or "5s", or a number of seconds, not "later".',
    ],
    [
      { death_timeout: -5 },
      'InvalidClusterKwargs: `clusterKwargs.death_timeout` must be a duration such as "500ms" or "5s", or a number of seconds, not -5.',
    ],
    [{ nanny: 'yes' }, 'InvalidClusterKwargs: `clusterKwargs.nanny` must be true or false, not "yes".'],
    [
      { security: 'ssl' },
      'InvalidClusterKwargs: `clusterKwargs.security` must be "tls" or "none", not "ssl".',
    ],
    [
      { custom_cluster_spec: {} },
      'InvalidClusterKwargs: `clusterKwargs.custom_cluster_spec` is not taken; write `scheduler_pod_template` and `worker_pod_template`.',
    ],
    [
      { pod_template: 'worker.yaml' },
      'InvalidClusterKwargs: `clusterKwargs.pod_template` must be a PodTemplateSpec, written out as a map of `metadata` and `spec`, not "worker.yaml".',
    ],
    [
      { pod_template: {}, worker_pod_template: {} },
      'InvalidClusterKwargs: `clusterKwargs.worker_pod_template` and `clusterKwargs.pod_template` are the same thing; write one of them.',
    ],
    [
      { extra_container_config: 'x' },
      'InvalidClusterKwargs: `clusterKwargs.extra_container_config` must be a map of Kubernetes fields such as {"imagePullPolicy": "Always"}, not "x".',
    ],
    [
      { n_workers: 'a', nanny: 1 },
      'InvalidClusterKwargs: `clusterKwargs.n_workers` must be a whole number of at least 0, not "a". `clusterKwargs.nanny` must be true or false, not 1.',
    ],
    [
      { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1 },
      'InvalidClusterKwargs: `clusterKwargs.a` is not known; did you mean `env`? `clusterKwargs.b` is not known; did you mean `env`? `clusterKwargs.c` is not known; did you mean `env`? `clusterKwargs.d` is not known; did you mean `env`? `clusterKwargs.e` is not known; did you mean `env`? And 2 more.',
    ],
  ])('%j', (kwargs, expected) => {
    expect(refusal(kwargs)).toBe(expected);
  });
});
