import type { FlowRunSpec } from '../api/spec.ts';
import { clusterMaker } from './cluster-class.ts';
import { resolveCluster } from './cluster.ts';
import { addressProblem, localKwargsProblems } from './executor-arguments.ts';
import type { PodRole, RunRef } from './names.ts';
import { policyProblems } from './pod-policy.ts';
import {
  type PodTemplate,
  gracePeriod,
  mountProblems,
  readTemplate,
  reservedKeys,
  variableProblems,
  volumeProblems,
} from './pod-template.ts';
import type { Warning } from './reasons/conditions.ts';
import type { Refusal } from './reasons/refusals.ts';
import type { Resolved, ResolvedCluster, Resources } from './resolved.ts';
import { readResources, withDefaults } from './resources.ts';

/** What the operator's configuration says about runs. */
export interface ResolveConfig {
  operatorVersion: string;
  defaultImage?: string | undefined;
  defaultResources: Record<PodRole, Resources>;
  /** Most workers of one run. */
  workersPerRun: number;
  /** Of clusters that do not say themselves. */
  security: 'tls' | 'none';
  startDeadlineSeconds: number;
  gracePeriodSeconds: number;
  /** `restricted`: pods of runs that do not say otherwise may not run as root. */
  podDefaults: 'restricted' | 'baseline';
  /** User id of pods of runs that name none. Absent: the image's. */
  runAsUser?: number | undefined;
  /** What no pod of a run may have, whatever the run's namespace allows. */
  podPolicy: 'baseline' | 'none';
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never' | undefined;
}

export type Resolution =
  | { ok: true; resolved: Resolved; warnings: Warning[] }
  | { ok: false; reason: Refusal; message: string };

/** A cluster that a class makes in the flow pod must be taken down there, which may take its cloud a while. */
const IN_POD_GRACE_SECONDS = 120;

/** A ConfigMap holds 1 MiB; the rest is for the operator's own files. */
export const MAX_CARRIED_BYTES = 700 * 1024;

/** Problems told at once: enough to mend a spec in one go, short enough for a condition. */
const MAX_PROBLEMS = 5;

/**
 * The spec with every default filled in, or why it cannot be run and what to write instead. Judges only what the
 * schema and its CEL rules cannot.
 */
export function resolve(
  { spec }: { metadata: RunRef; spec: FlowRunSpec },
  config: ResolveConfig,
): Resolution {
  const { flow, executor } = spec;
  const image = flow.image ?? config.defaultImage;
  if (image === undefined) {
    return refuse('ImageMissing', [
      "`spec.flow.image` is missing and the operator's configuration has no default image; write the image that holds the flow's dependencies.",
    ]);
  }
  const parameters = Object.keys(flow.parameters ?? {}).filter((key) => key === 'true' || key === 'false');
  if (parameters.length > 0) {
    return refuse('InvalidParameters', [
      `A parameter is named ${parameters.join(' and another ')}: YAML read your key n/y/on/no as a boolean; quote it, as in \`"y": 1\`.`,
    ]);
  }
  const bytes = carriedBytes(flow);
  if (bytes > MAX_CARRIED_BYTES) {
    return refuse('TooLarge', [
      `\`flow.parameters\` and \`flow.source.inline\` take ${bytes} bytes together, and at most ${MAX_CARRIED_BYTES} can be handed to the flow; put large data into a volume or an object store, and code into the image.`,
    ]);
  }
  const resources = readResources('flow.resources', flow.resources ?? {});
  if (resources.problems.length > 0) return refuse('InvalidResources', resources.problems);

  const kwargs = localKwargsProblems(executor?.kwargs ?? {});
  if (kwargs.length > 0) return refuse('InvalidKwargs', kwargs);
  const address = addressProblem(executor);
  if (address !== undefined) return refuse('InvalidAddress', [address]);
  const made = maker(executor);
  if ('problem' in made) return refuse('InvalidClusterClass', [made.problem]);
  const { kind } = made;
  const reserved = [
    ...variableProblems('flow.env', flow.env, kind === 'operator'),
    ...mountProblems('flow.volumeMounts', flow.volumeMounts),
    ...volumeProblems('flow.volumes', flow.volumes),
    ...reservedKeys('flow.labels', flow.labels),
    ...reservedKeys('flow.annotations', flow.annotations),
  ];
  if (reserved.length > 0) return refuse('ReservedField', reserved);
  const template =
    flow.template === undefined ? undefined : readTemplate('flow.template', flow.template, 'flow');
  if (template !== undefined && template.problems.length > 0) {
    return refuse('InvalidTemplate', template.problems);
  }

  const startDeadlineSeconds = spec.startDeadlineSeconds ?? config.startDeadlineSeconds;
  const cluster =
    kind === 'operator' && executor !== undefined
      ? resolveCluster(executor, {
          config,
          image,
          startDeadlineSeconds,
          keepSeconds: spec.cleanup?.clusterAfterFailureSeconds ?? 0,
        })
      : undefined;
  if (cluster !== undefined && 'problems' in cluster) return refuse(cluster.reason, cluster.problems);

  const templates = template?.template === undefined ? [] : [template.template];
  const forbidden = config.podPolicy === 'none' ? [] : policyProblemsOf(flow, templates, cluster?.cluster);
  if (forbidden.length > 0) return refuse('PodPolicyViolated', forbidden);

  const {
    image: _image,
    entrypoint,
    command,
    args,
    parameters: _parameters,
    source,
    resources: _resources,
    template: _template,
    terminationGracePeriodSeconds,
    ...pods
  } = flow;
  return {
    ok: true,
    warnings: [...(cluster?.warnings ?? []), ...addressWarnings(executor)],
    resolved: {
      version: 2,
      operatorVersion: config.operatorVersion,
      kind,
      pods: {
        ...pods,
        imagePullPolicy: pods.imagePullPolicy ?? config.imagePullPolicy,
        securityContext: securityContext(pods.securityContext, config),
      },
      flow: {
        image,
        entrypoint: entrypoint ?? null,
        command: command ?? null,
        args: args ?? null,
        source: resolveSource(source),
        resources: withDefaults(resources.resources, config.defaultResources.flow),
        templates,
        gracePeriodSeconds: gracePeriod(
          templates,
          terminationGracePeriodSeconds ??
            (kind === 'in-pod' ? IN_POD_GRACE_SECONDS : config.gracePeriodSeconds),
        ),
      },
      executor: executor ?? null,
      cluster: cluster?.cluster,
      startDeadlineSeconds,
    },
  };
}

function refuse(reason: Refusal, problems: readonly string[]): Resolution {
  const more = problems.length - MAX_PROBLEMS;
  const told = problems.slice(0, MAX_PROBLEMS).join(' ');
  return { ok: false, reason, message: more > 0 ? `${told} And ${more} more.` : told };
}

/** The user's own over the configuration's. A pod that asks to be root is not told that it may not. */
function securityContext(
  given: FlowRunSpec['flow']['securityContext'] = {},
  { podDefaults, runAsUser }: ResolveConfig,
): Record<string, unknown> {
  return {
    ...(runAsUser === undefined ? {} : { runAsUser }),
    ...(podDefaults === 'restricted' && given['runAsUser'] !== 0 ? { runAsNonRoot: true } : {}),
    ...given,
  };
}

function policyProblemsOf(
  { volumes, securityContext }: FlowRunSpec['flow'],
  templates: readonly PodTemplate[],
  cluster: ResolvedCluster | undefined,
): string[] {
  const parts: [field: string, pod: PodTemplate][] = [
    ['flow', { spec: { volumes, securityContext } }],
    ...templates.map((each): [string, PodTemplate] => ['flow.template', each]),
    ...(cluster?.scheduler.templates ?? []).map((each): [string, PodTemplate] => [
      'clusterKwargs.scheduler_pod_template',
      each,
    ]),
    ...(cluster?.groups ?? []).flatMap((group) =>
      group.templates.map((each): [string, PodTemplate] => [`worker group ${group.name}`, each]),
    ),
  ];
  return parts.flatMap(([field, pod]) => policyProblems(field, pod));
}

function carriedBytes({ parameters, source }: FlowRunSpec['flow']): number {
  const utf8 = new TextEncoder();
  return [JSON.stringify(parameters ?? {}), ...Object.values(source?.inline ?? {})].reduce(
    (sum, text) => sum + utf8.encode(text).length,
    0,
  );
}

function maker(executor: FlowRunSpec['executor']): { kind: Resolved['kind'] } | { problem: string } {
  if (executor?.type !== 'DaskExecutor') return { kind: 'none' };
  if (executor.address !== undefined) return { kind: 'address' };
  const made = clusterMaker(executor.clusterClass);
  return 'problem' in made ? made : { kind: made.maker };
}

function resolveSource(source: FlowRunSpec['flow']['source']): Resolved['flow']['source'] {
  if (source?.inline !== undefined) return { inline: Object.keys(source.inline).sort() };
  return source?.configMap === undefined ? null : { configMap: source.configMap.name };
}

function addressWarnings(executor: FlowRunSpec['executor']): Warning[] {
  if (executor?.address === undefined) return [];
  return (['adaptKwargs', 'debug'] as const)
    .filter((key) => executor[key] !== undefined)
    .map((key) => ({
      reason: 'IgnoredExecutorField',
      message: `\`executor.${key}\` has no effect with \`address\`: the operator does not touch a cluster that exists already.`,
    }));
}
