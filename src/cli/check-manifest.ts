import { randomInt } from 'node:crypto';
import type { Decision } from '../core/decision/decision.ts';
import { shown } from '../core/decision/shown-text.ts';
import type { ConfigOf, Flags } from '../config/resolve.ts';
import type { SettingKey } from '../config/settings.ts';
import { version } from '../config/version.ts';
import type { PolicySet } from '../core/policy/policy-set.ts';
import { createWorkloadTable } from '../core/workload/kinds.ts';
import type { ManifestDocument } from '../core/workload/manifest.ts';
import { deadlineAfter } from '../gate/deadline.ts';
import { createDecisionForm } from '../gate/decision-form.ts';
import { createDecisionIds } from '../gate/decision-ids.ts';
import { createJudgeManifest } from '../gate/judge-manifest.ts';
import type { JudgeManifest } from '../gate/judge-manifest.ts';
import type { Clock, NamespaceReader } from '../gate/ports.ts';
import { createReview } from '../gate/review.ts';
import type { Unsure } from '../gate/review.ts';
import { exitCode, exitCodeOf } from './exit-code.ts';
import type { ExitCode, FailOn } from './exit-code.ts';
import { readManifests } from './manifest-input.ts';
import { knownNamespaces, namespacesIn, readNamespaceLabels } from './namespace-input.ts';
import type { KnownNamespaces } from './namespace-input.ts';
import { writeOutputs } from './outputs.ts';
import type { OutputTarget } from './outputs.ts';
import { readPolicies } from './policy-input.ts';
import { createProgress } from './progress.ts';
import { readSettings } from './setting-flags.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './terminal.ts';

/** The settings of `serve` that mean the same here. */
export const checkSettings = [
  'policies',
  'kubeconfig',
  'context',
  'unmatched',
  'unknownKinds',
  'workloads',
  'registries',
  'cloudIdentities',
  'httpsProxy',
  'httpProxy',
  'noProxy',
] as const satisfies readonly SettingKey[];

export type CheckFlags = Flags & {
  readonly filename?: readonly string[];
  readonly namespace: string;
  readonly namespaceLabels?: string;
  readonly failOn: FailOn;
  readonly output?: readonly OutputTarget[];
  readonly quiet?: boolean;
};

const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
/** For one object, in milliseconds: a look-up of namespace labels is all that it may have to wait for. */
const budget = 10_000;

const judgeAll = async (
  objects: readonly ManifestDocument[],
  judge: JudgeManifest,
  terminal: Terminal,
): Promise<readonly Decision[]> => {
  const decisions: Decision[] = [];
  const progress = createProgress(
    (done) => `judged ${done} of ${objects.length} objects`,
    terminal.status,
    () => clock.monotonic(),
  );
  for (const object of objects) {
    progress.step();
    const result = await judge(object, deadlineAfter(budget, clock));
    if (result.outcome === 'judged') decisions.push(result.decision);
    else if (result.outcome === 'unknown-kind') {
      terminal.talk(
        shown(
          `${object.file}:${object.line}: ${result.apiVersion} ${result.kind} was not judged: the gate does not know where its images are (declare it under \`workloads\` in --config)`,
        ),
      );
    }
  }
  progress.end();
  return decisions;
};

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const summary = (decisions: readonly Decision[]): string => {
  const denied = decisions.filter((decision) => !decision.allowed).length;
  return `${plural(decisions.length, 'workload')} judged: ${denied} denied, ${decisions.length - denied} allowed`;
};

/** Loaded only with --kubeconfig: the Kubernetes client is large. */
const openCluster = async (kubeconfig: string | undefined, context: string | undefined) => {
  if (kubeconfig === undefined) return undefined;
  const { clusterNamespaces } = await import('./cluster-namespaces.ts');
  return clusterNamespaces(kubeconfig, context, clock);
};

type CheckConfig = ConfigOf<(typeof checkSettings)[number]>;
/** What one `check` judges by: policies, namespaces, and who is told of a namespace nobody knows. */
interface Basis {
  readonly policies: PolicySet;
  readonly namespaces: NamespaceReader;
  readonly defaultNamespace: string;
  readonly onUnsure: (unsure: Unsure) => void;
}

const createJudge = (config: CheckConfig, basis: Basis): JudgeManifest => {
  const ids = createDecisionIds('check', clock, randomInt(32 ** 3));
  const form = createDecisionForm({ clock, ids, version });
  const review = createReview({
    policies: { current: () => ({ state: 'loaded', set: basis.policies }) },
    namespaces: basis.namespaces,
    form,
    clock,
    unmatched: config.unmatched.value,
    onUnsure: basis.onUnsure,
  });
  return createJudgeManifest({
    review,
    form,
    workloads: createWorkloadTable(config.workloads.value),
    clock,
    unknownKinds: config.unknownKinds.value,
    defaultNamespace: basis.defaultNamespace,
  });
};

const namespaceName = (text: string): string => {
  if (/^[a-z\d]([-a-z\d]{0,61}[a-z\d])?$/.test(text)) return text;
  throw new UsageError([
    `-n ${JSON.stringify(text)}: a namespace is named by lower case letters, digits and -, at most 63; write for example -n shop`,
  ]);
};

const tellUnresolved = async (
  names: ReadonlySet<string>,
  namespaces: KnownNamespaces,
  terminal: Terminal,
): Promise<void> => {
  for (const name of names) {
    const why = await namespaces.whyUnknown(name);
    terminal.talk(
      shown(`namespace ${name}: policies ask for its labels, so they were applied to be safe; ${why}`),
    );
  }
};

/** `check manifest`: the same review as the webhook's, over files. */
export const checkManifests = async (flags: CheckFlags, terminal: Terminal): Promise<ExitCode> => {
  const { filename = [], namespace, namespaceLabels, failOn, output, quiet: _quiet, ...rest } = flags;
  const defaultNamespace = namespaceName(namespace);
  const config = readSettings(checkSettings, rest, terminal);
  const policies = await readPolicies(config.policies.value);
  const input = await readManifests(filename, terminal);
  const given = namespaceLabels === undefined ? [] : [readNamespaceLabels(namespaceLabels)];
  const cluster = await openCluster(config.kubeconfig.value, config.context.value);
  const namespaces = knownNamespaces([namespacesIn(input.objects), ...given], cluster?.reader);
  const unresolved = new Set<string>();
  const judge = createJudge(config, {
    policies: policies.value,
    namespaces,
    defaultNamespace,
    onUnsure: (unsure) => unresolved.add(unsure.namespace),
  });
  let decisions: readonly Decision[];
  try {
    decisions = await judgeAll(input.objects, judge, terminal);
  } finally {
    await cluster?.close();
  }
  await writeOutputs(decisions, output, terminal);
  await tellUnresolved(unresolved, namespaces, terminal);
  terminal.talk(decisions.length === 0 ? 'no workload in the input' : summary(decisions));
  return decisions.length === 0 ? exitCode.clean : exitCodeOf(decisions, failOn, unresolved.size > 0);
};
