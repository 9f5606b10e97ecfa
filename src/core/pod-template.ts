import { z } from 'zod';

import { type PodRole, RESERVED_PREFIX } from './names.ts';

const named = z.looseObject({ name: z.string().min(1) });
const listOf = <T extends z.ZodType>(item: T) => z.array(item).nullish();

const container = z.looseObject({
  name: z.string().min(1),
  env: listOf(named),
  volumeMounts: listOf(z.looseObject({ mountPath: z.string() })),
  ports: listOf(z.looseObject({ containerPort: z.int() })),
});

/** As much of a PodTemplateSpec as laying one over another needs; the API server judges the rest. */
export const podTemplate = z.looseObject({
  metadata: z
    .looseObject({
      labels: z.record(z.string(), z.string()).nullish(),
      annotations: z.record(z.string(), z.string()).nullish(),
    })
    .nullish(),
  spec: z
    .looseObject({
      containers: listOf(container),
      initContainers: listOf(container),
      volumes: listOf(named),
      imagePullSecrets: listOf(named),
      tolerations: listOf(z.looseObject({})),
    })
    .nullish(),
});

export type PodTemplate = z.infer<typeof podTemplate>;
type Container = z.infer<typeof container>;

/** The grace period after `templates` were laid over a pod that has `seconds`; the program inside must know it. */
export function gracePeriod(templates: readonly PodTemplate[], seconds: number): number {
  return templates.reduce((before, { spec }) => {
    const own = spec?.['terminationGracePeriodSeconds'];
    return typeof own === 'number' && Number.isInteger(own) && own >= 0 ? own : before;
  }, seconds);
}

/** Ports of Dask's comm, its dashboard and the operator's connection, in every pod of a cluster. */
export const PORTS = { comm: 8786, dashboard: 8787, operator: 8788 } as const;

/** Where the operator's files and the user's sources are mounted. */
export const FILES_PATH = '/flowrun';
export const SOURCE_PATH = '/flow';
export const TLS_PATH = '/flowrun-tls';

/** Names of the operator's own volumes begin so. */
export const VOLUME_PREFIX = 'flowrun-';

const OPERATORS = "is the operator's and cannot be set";

const FORBIDDEN_SPEC = ['nodeName', 'hostNetwork', 'hostPID', 'hostIPC', 'ephemeralContainers'];
const TOP = new Set(['apiVersion', 'kind', 'metadata', 'spec']);

const INSTEAD: Record<PodRole, string> = {
  flow: 'write `flow.command`',
  worker: 'write `clusterKwargs.worker_command`, `threads_per_worker`, `memory_limit`',
  scheduler: 'leave it out',
};

/** Checks a template that stands at `field` of the spec. `problems` are sentences. */
export function readTemplate(
  field: string,
  value: unknown,
  role: PodRole,
): { template: PodTemplate | undefined; problems: string[] } {
  const read = podTemplate.safeParse(value);
  if (read.success) return { template: read.data, problems: templateProblems(field, read.data, role) };
  const [issue] = read.error.issues;
  const path = [field, ...(issue?.path ?? []).map(String)].join('.');
  return {
    template: undefined,
    problems: [`\`${path}\` does not fit a PodTemplateSpec: ${issue?.message}.`],
  };
}

/** What `template` sets and may not. */
function templateProblems(field: string, template: PodTemplate, role: PodRole): string[] {
  const spec = template.spec ?? {};
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const own = (spec.containers ?? []).filter(({ name }) => name === role);
  return [
    ...Object.keys(template)
      .filter((key) => !TOP.has(key))
      .map(
        (key) => `\`${field}.${key}\` is not part of a PodTemplateSpec, which has \`metadata\` and \`spec\`.`,
      ),
    ...forbidden(`${field}.metadata`, template.metadata ?? {}, foreignMetadata(template)),
    ...reservedKeys(`${field}.metadata.labels`, template.metadata?.labels),
    ...reservedKeys(`${field}.metadata.annotations`, template.metadata?.annotations),
    ...forbidden(`${field}.spec`, spec, FORBIDDEN_SPEC),
    ...snakeCase(`${field}.spec`, spec),
    ...podRules(`${field}.spec`, spec),
    ...volumeProblems(`${field}.spec.volumes`, spec.volumes),
    ...containers.flatMap((each) => containerProblems(`${field}.spec.containers[${each.name}]`, each)),
    ...own.flatMap((each) => ownProblems(`${field}.spec.containers[${role}]`, each, role)),
    ...containers
      .filter(({ name }) => name !== role)
      .flatMap((each) => strangerProblems(`${field}.spec.containers[${each.name}]`, each, role)),
  ];
}

/** Templates say how pods are labelled and annotated; all other metadata is the operator's. */
const foreignMetadata = ({ metadata }: PodTemplate) =>
  Object.keys(metadata ?? {}).filter((key) => key !== 'labels' && key !== 'annotations');

function podRules(field: string, spec: Record<string, unknown>): string[] {
  const { restartPolicy, activeDeadlineSeconds } = spec;
  return [
    ...(isSet(restartPolicy) && restartPolicy !== 'Never'
      ? [`\`${field}.restartPolicy\` ${OPERATORS}; to repeat a failed run, write \`spec.retry\`.`]
      : []),
    ...(isSet(activeDeadlineSeconds)
      ? [`\`${field}.activeDeadlineSeconds\` ${OPERATORS}; write \`spec.activeDeadlineSeconds\`.`]
      : []),
  ];
}

function containerProblems(field: string, container: Container): string[] {
  const taken = new Set<number>(Object.values(PORTS));
  return [
    ...snakeCase(field, container),
    ...(container.ports ?? [])
      .filter(({ containerPort }) => taken.has(containerPort))
      .map(({ containerPort }) => `\`${field}.ports\`: port ${containerPort} ${OPERATORS}.`),
  ];
}

function ownProblems(field: string, container: Container, role: PodRole): string[] {
  return [
    ...['command', 'args']
      .filter((key) => isSet(container[key]))
      .map((key) => `\`${field}.${key}\` ${OPERATORS}; ${INSTEAD[role]}.`),
    ...forbidden(field, container, ['terminationMessagePath']),
    ...variableProblems(`${field}.env`, container.env, true),
    ...mountProblems(`${field}.volumeMounts`, container.volumeMounts),
  ];
}

// A container that is not merged into ours is a sidecar: two mistakes would make it one unnoticed.
function strangerProblems(field: string, container: Container, role: PodRole): string[] {
  const argv = [container['command'], container['args']].flat().join(' ');
  if (role !== 'flow' && /\bdask[-. ](worker|scheduler)\b/.test(argv)) {
    return [
      `\`${field}\` would be a second Dask process; name the container \`${role}\` and leave its command out.`,
    ];
  }
  if (!isSet(container['image'])) {
    return [`\`${field}\` has no image; name it \`${role}\` to change the container of the ${role}.`];
  }
  return [];
}

/** Environment variables that the operator sets itself. `cluster`: the run has a cluster made by the operator. */
export function variableProblems(
  field: string,
  env: readonly { name: string }[] | null | undefined,
  cluster: boolean,
): string[] {
  const reserved = cluster
    ? /^(FLOWRUN_|DASK_SCHEDULER_ADDRESS$|DASK_DISTRIBUTED__COMM__(TLS__|REQUIRE_ENCRYPTION$))/
    : /^FLOWRUN_/;
  return (env ?? [])
    .filter(({ name }) => reserved.test(name))
    .map(({ name }) => `\`${field}\`: the variable ${name} ${OPERATORS}.`);
}

const OWN_PATHS = /^\/flow(run(-tls)?)?(\/|$)/;

/** Where a path leads that goes up and down: the runtime resolves it, Kubernetes does not mind. */
function plainPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export function mountProblems(
  field: string,
  mounts: readonly { mountPath: string }[] | null | undefined,
): string[] {
  return (mounts ?? [])
    .filter(({ mountPath }) => OWN_PATHS.test(plainPath(mountPath)))
    .map(({ mountPath }) => `\`${field}\`: the path ${mountPath} ${OPERATORS}; mount it elsewhere.`);
}

export function volumeProblems(
  field: string,
  volumes: readonly { name: string }[] | null | undefined,
): string[] {
  return (volumes ?? [])
    .filter(({ name }) => name.startsWith(VOLUME_PREFIX))
    .map(
      ({ name }) =>
        `\`${field}\`: the name ${name} ${OPERATORS}; volumes of yours may not begin with ${VOLUME_PREFIX}.`,
    );
}

/** Labels or annotations under the operator's prefix. */
export function reservedKeys(
  field: string,
  map: Readonly<Record<string, string>> | null | undefined,
): string[] {
  return Object.keys(map ?? {})
    .filter((key) => key.startsWith(RESERVED_PREFIX))
    .map((key) => `\`${field}\`: the key ${key} ${OPERATORS}.`);
}

function forbidden(
  field: string,
  object: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): string[] {
  return keys.filter((key) => isSet(object[key])).map((key) => `\`${field}.${key}\` ${OPERATORS}.`);
}

// Python's Kubernetes client spells fields so; the API server would drop them.
function snakeCase(field: string, object: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(object)
    .filter((key) => key.includes('_'))
    .map((key) => {
      const camel = key.replaceAll(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
      return `\`${field}.${key}\` is not a field of Kubernetes; write \`${camel}\`.`;
    });
}

const isSet = (value: unknown) => value !== undefined && value !== null && value !== false;
