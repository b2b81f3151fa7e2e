import { plural } from '../../core/text/plural.ts';
import { isDnsLabel } from '../../core/text/dns-name.ts';
import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import type { ConfigOf } from '../../config/resolved.ts';
import { definitions, type SettingKey } from '../../config/settings/settings.ts';
import type { InventoryConfig } from '../../serve/store/inventory.ts';
import type { ScanBounds } from '../../config/values/scan-bounds.ts';
import { version } from '../../config/version.ts';
import type { Decision } from '../../core/decision/decision.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { PolicySet } from '../../core/policy-set/policy-set.ts';
import {
  createDecisionBuilder,
  warningOf,
  type DecisionBuilder,
} from '../../gate/review/decision-builder.ts';
import { createDecisionIds } from '../../gate/review/decision-ids.ts';
import type { Evidence } from '../../evidence/gather.ts';
import { trustRootsOf, type TrustRootSnapshot } from '../../evidence/trust/trust-root.ts';
import type { PolicySource } from '../../gate/ports.ts';
import { shippedRoots } from '../../serve/trust-roots.ts';
import { createReview, type Review } from '../../gate/review/review.ts';
import { createSlices } from '../../gate/review/slices.ts';
import { systemClock } from '../../concurrency/clock.ts';
import { rememberEvidence, type EvidenceMemory } from './evidence-cache.ts';
import { exitCodeOf, type ExitCode, type FailOn } from '../terminal/exit-code.ts';
import {
  knownNamespaces,
  readNamespaceLabels,
  type KnownNamespaces,
  type LabelsByNamespace,
} from './namespace-input.ts';
import type { OutputTarget } from './outputs.ts';
import { formatObject, placeText } from '../render/decision-table.ts';
import { layerSettings, type RegistryConfig } from '../setting-flags.ts';
import { endOfLifeDates } from '../../config/advisories/end-of-life-rows.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';

/** The settings of `serve` that mean the same to every `check`. */
export const checkSettings = [
  'policies',
  'kubeconfig',
  'context',
  'unmatched',
  ...layerSettings,
] as const satisfies readonly SettingKey[];

/** A command that looks at one image has no cluster, no advisories, and no say about images that no policy names. */
type CheckConfig = RegistryConfig &
  Partial<ConfigOf<'kubeconfig' | 'context' | 'unmatched' | 'data' | 'scan' | 'endOfLife'>> &
  Partial<InventoryConfig>;

/** The flags of every `check` beside the settings. */
export interface CheckOptions {
  readonly namespace: string;
  readonly namespaceLabels?: string;
  readonly failOn: FailOn;
  readonly output?: readonly OutputTarget[];
  readonly quiet?: boolean;
}

/** Time for one object, in milliseconds: to look up namespace labels, and images where a policy needs that. */
export const budget = { plain: 10_000, withEvidence: 60_000 } as const;
/** Objects that are judged side by side while registries are asked. */
export const judgedAtOnce = 8;

/** Everything that one `check` needs to judge, opened. */
export interface OpenCheck {
  readonly policies: PolicySource;
  readonly namespaces: KnownNamespaces;
  readonly buildDecision: DecisionBuilder;
  readonly review: Review;
  /** The same review, by other evidence. */
  readonly reviewBy: (evidence: Evidence) => Review;
  /** Absent when no policy needs evidence. */
  readonly evidence: EvidenceMemory | undefined;
  /** Time for one object, in milliseconds. */
  readonly time: number;
  /** Called with a namespace whose labels were asked for and are not known. */
  readonly onUnresolved: (namespace: string) => void;
  /**
   * Warns about unknown namespaces.
   * @returns the exit code
   */
  conclude(decisions: readonly Decision[], failOn: FailOn, incomplete: boolean): Promise<ExitCode>;
  close(): Promise<void>;
}

/** Loaded only with --kubeconfig: the Kubernetes client is large. */
const openCluster = async ({ kubeconfig, context }: CheckConfig) => {
  if (kubeconfig?.value === undefined) return undefined;
  const { clusterNamespaces } = await import('../cluster-client.ts');
  return clusterNamespaces(kubeconfig.value, context?.value);
};

/** Loaded only when an image has to be read, so that a check of names alone starts fast. */
const openRegistries = async (config: CheckConfig, own: readonly TrustRootSnapshot[], terminal: Terminal) => {
  const { openLayerAccess, openRegistryAccess } = await import('../registry-access.ts');
  const trustRoots = trustRootsOf(() => [...shippedRoots, ...own]);
  const { advisoryFolder } = await import('../../serve/advisories/open-advisories.ts');
  const { followAdvisories } = await import('../../adapters/advisories/followed-advisories.ts');
  const data = config.data?.value;
  const { workers } = terminal;
  if (data === undefined) return openRegistryAccess(config, workers.verify, trustRoots);
  return openLayerAccess(config, workers, trustRoots, {
    data,
    advisories: followAdvisories(advisoryFolder(resolve(data)), {
      pollMs: 0,
      endOfLife: endOfLifeDates(config.endOfLife?.value ?? []),
    }),
    bounds: scanOf(config),
  });
};

const scanOf = ({ scan }: CheckConfig): ScanBounds => scan?.value ?? definitions.scan.fallback;

const asksCatalog = ({ policies }: PolicySet): boolean =>
  policies.some(({ needs }) => needs.vulnerability?.wanted.lists.catalog === true);

/** Nobody tries again after a command, so it waits until each image has had its turn and its time. */
const timeFor = (set: PolicySet, config: CheckConfig, isLooking: boolean): number => {
  if (!isLooking) return budget.plain;
  if (!asksCatalog(set)) return budget.withEvidence;
  const { time, atOnce } = scanOf(config);
  return budget.withEvidence + time * Math.ceil(judgedAtOnce / atOnce);
};

const needsEvidence = ({ policies }: PolicySet): boolean =>
  policies.some(({ evidence }) => evidence.length > 0);

export const parseNamespace = (text: string): string => {
  if (isDnsLabel(text)) return text;
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

/** The input of a `check`. */
interface CheckSubject {
  readonly set: PolicySet;
  /** The trust roots of the same set. */
  readonly trustRoots: readonly TrustRootSnapshot[];
  /** Labels of the Namespace objects in its input. */
  readonly labels: readonly LabelsByNamespace[];
  readonly namespaceLabels: string | undefined;
  /** Whether images are read although no policy asks for it. */
  readonly looks: boolean;
  /** What answers instead of registries that are opened for this check; whoever opened it closes it. */
  readonly answers?: Evidence;
}

/**
 * Opens what a `check` needs. It opens a cluster only with a kubeconfig, and registries only when evidence is needed.
 */
export const openCheck = async (
  config: CheckConfig,
  { set, trustRoots, labels, namespaceLabels, looks, answers }: CheckSubject,
  terminal: Terminal,
): Promise<OpenCheck> => {
  const given = namespaceLabels === undefined ? [] : [readNamespaceLabels(namespaceLabels)];
  const isLooking = looks || needsEvidence(set);
  const access =
    isLooking && answers === undefined ? await openRegistries(config, trustRoots, terminal) : undefined;
  const cluster = await openCluster(config);
  const namespaces = knownNamespaces([...labels, ...given], cluster?.reader);
  const unresolved = new Set<string>();
  const onUnresolved = (namespace: string): void => void unresolved.add(namespace);
  const buildDecision = createDecisionBuilder({
    clock: systemClock,
    ids: createDecisionIds('check', systemClock, randomInt(32 ** 3)),
    version,
  });
  const policies: PolicySource = { current: () => ({ state: 'loaded', set }) };
  const asked = answers ?? access?.evidence;
  const evidence = asked && rememberEvidence(asked);
  const reviewBy = (by: Evidence | undefined): Review =>
    createReview({
      policies,
      namespaces,
      buildDecision,
      clock: systemClock,
      slices: createSlices(systemClock),
      evidence: by,
      unmatched: config.unmatched?.value,
      onUnsure: (unsure) => onUnresolved(unsure.namespace),
    });
  return {
    policies,
    namespaces,
    buildDecision,
    review: reviewBy(evidence),
    reviewBy,
    evidence,
    onUnresolved,
    time: timeFor(set, config, isLooking),
    conclude: async (decisions, failOn, incomplete) => {
      await tellUnresolved(unresolved, namespaces, terminal);
      return exitCodeOf(decisions, failOn, incomplete || unresolved.size > 0);
    },
    close: async () => {
      await Promise.all([cluster?.close(), access?.close()]);
    },
  };
};

/** The same terminal, which says nothing but errors where that is wished. */
export const hushed = (terminal: Terminal, quiet: boolean | undefined): Terminal =>
  quiet === true ? { ...terminal, talk: () => undefined, status: undefined } : terminal;

/** Lines of warnings before the rest is only counted. */
const maxWarnings = 20;

/**
 * Prints warnings, which the outputs for people do not contain: an image with a variable that cannot be judged yet, a
 * pod spec that is missing. kubectl prints the same.
 */
export const tellWarnings = (decisions: readonly Decision[], terminal: Terminal): void => {
  const lines = decisions.flatMap((decision) => {
    const said = new Set(decision.findings.map(warningOf));
    const name = [placeText(decision, decision.object), formatObject(decision)].filter(Boolean).join(' ');
    return decision.warnings
      .filter((warning) => !said.has(warning))
      .map((warning) => `warning: ${name}: ${warning}`);
  });
  for (const line of lines.slice(0, maxWarnings)) terminal.talk(shown(line));
  const more = lines.length - maxWarnings;
  if (more > 0) terminal.talk(`${plural(more, 'more warning')}; to see all of them: -o json`);
};

/** `3 workloads judged: 1 denied, 2 allowed` */
export const summary = (decisions: readonly Decision[], noun: string): string => {
  const denied = decisions.filter((decision) => !decision.allowed).length;
  return `${plural(decisions.length, noun)} judged: ${denied} denied, ${decisions.length - denied} allowed`;
};
