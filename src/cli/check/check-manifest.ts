import type { Flags } from '../../config/resolve.ts';
import type { ConfigOf } from '../../config/resolved.ts';
import type { SettingKey } from '../../config/settings/settings.ts';
import type { Decision } from '../../core/decision/decision.ts';
import { formatProblem } from '../../core/policy/load/document.ts';
import { parseFieldPath } from '../../core/workload/field-path.ts';
import { createWorkloadTable } from '../../core/workload/kinds/kinds.ts';
import type { ManifestObject } from '../../core/workload/manifest.ts';
import type { ConstraintSet } from '../../gate/constraints.ts';
import { deadlineAfter } from '../../gate/deadline.ts';
import { createJudgeManifest, type ManifestOutcome } from '../../gate/manifest/judge-manifest.ts';
import {
  checkSettings,
  judgedAtOnce,
  parseNamespace,
  openCheck,
  summary,
  tellWarnings,
  type CheckOptions,
  type OpenCheck,
} from './check-run.ts';
import { systemClock } from '../../concurrency/clock.ts';
import { exitCode, type ExitCode } from '../terminal/exit-code.ts';
import { mapLimit } from '../../concurrency/map-limit.ts';
import { judgeByConstraints } from './constraint-input.ts';
import { readManifests, type ManifestInput } from './manifest-input.ts';
import { namespacesIn } from './namespace-input.ts';
import { writeOutputs } from './outputs.ts';
import type { ValuesPath } from '../pin/values-images.ts';
import { readPolicies } from '../policy-input.ts';
import { createProgress } from '../terminal/progress.ts';
import { unknownKindsText } from '../render/unknown-kinds.ts';
import { readSettings } from '../setting-flags.ts';
import { UsageError, valueOrUsage, type Terminal } from '../terminal/terminal.ts';

/** The settings of `serve` that mean the same here. */
export const manifestSettings = [
  ...checkSettings,
  'unknownKinds',
  'workloads',
] as const satisfies readonly SettingKey[];

export type ManifestFlags = Flags &
  CheckOptions & {
    readonly filename?: readonly string[];
    readonly exclude?: readonly string[];
    readonly pin?: boolean;
    readonly valuesImage?: readonly string[];
  };

type Judge = (object: ManifestObject) => Promise<ManifestOutcome>;

/**
 * Objects are judged concurrently only while they wait for registries. Without registries one after the other is
 * faster.
 */
const judgeEach = async (
  objects: readonly ManifestObject[],
  judge: Judge,
  isWaiting: boolean,
): Promise<readonly ManifestOutcome[]> => {
  if (isWaiting) return mapLimit(objects, judgedAtOnce, judge);
  const outcomes: ManifestOutcome[] = [];
  for (const object of objects) outcomes.push(await judge(object));
  return outcomes;
};

const judgeAll = async (
  objects: readonly ManifestObject[],
  judge: Judge,
  isWaiting: boolean,
  terminal: Terminal,
): Promise<readonly Decision[]> => {
  const progress = createProgress((done) => `judged ${done} of ${objects.length} objects`, terminal.status);
  const step: Judge = (object) => {
    progress.step();
    return judge(object);
  };
  const outcomes = await judgeEach(objects, step, isWaiting);
  progress.end();
  const decisions: Decision[] = [];
  const unknown: ManifestObject[] = [];
  for (const [at, outcome] of outcomes.entries()) {
    const object = objects[at];
    if (outcome.outcome === 'judged') decisions.push(outcome.decision);
    else if (outcome.outcome === 'unknown-kind' && object !== undefined) unknown.push(object);
  }
  if (unknown.length > 0) terminal.talk(unknownKindsText(unknown));
  return decisions;
};

/** With `--pin` the manifest of standard input goes to standard output, so decisions may not. */
const checkPinOutput = ({ filename = [], output = [] }: ManifestFlags): void => {
  if (!filename.includes('-')) return;
  const twin = output.find(({ file }) => file === undefined);
  if (twin === undefined) return;
  throw new UsageError([
    `--pin -f - writes the manifest to standard output; write the decisions to a file: -o ${twin.format}=FILE`,
  ]);
};

/** The paths of `--values-image`, which says something of `--pin` alone. */
const valuesPaths = (texts: readonly string[], pins: boolean): ReadonlyMap<string, ValuesPath> => {
  if (texts.length > 0 && !pins)
    throw new UsageError(['--values-image says what --pin writes; add --pin, or leave it out']);
  const paths = new Map<string, ValuesPath>();
  for (const text of texts) {
    const path = parseFieldPath(text);
    paths.set(
      text,
      valueOrUsage(path, (why) => `--values-image ${JSON.stringify(text)}: ${why}`),
    );
  }
  return paths;
};

const write = async (
  decisions: readonly Decision[],
  { files, problems }: ManifestInput,
  flags: ManifestFlags,
  terminal: Terminal,
) => {
  if (flags.pin === true && flags.filename?.includes('-') === true && flags.output === undefined) {
    const onStderr: Terminal = { ...terminal, out: (text) => terminal.talk(text.trimEnd()) };
    return writeOutputs(decisions, undefined, onStderr, { files, problems });
  }
  return writeOutputs(decisions, flags.output, terminal, { files, problems });
};

interface JudgeOptions {
  readonly config: ConfigOf<(typeof manifestSettings)[number]>;
  readonly pins: boolean;
  readonly valuesImages: ReadonlyMap<string, ValuesPath>;
  readonly defaultNamespace: string;
  readonly constraints: ConstraintSet | undefined;
}

const judgeInput = async (
  input: ManifestInput,
  check: OpenCheck,
  { config, pins, valuesImages, defaultNamespace, constraints }: JudgeOptions,
  terminal: Terminal,
) => {
  const workloads = createWorkloadTable(config.workloads.value);
  const judgeManifest = createJudgeManifest({
    review: check.review,
    buildDecision: check.buildDecision,
    workloads,
    clock: systemClock,
    judgeConstraints:
      constraints && judgeByConstraints(constraints, input.objects, check.namespaces, check.onUnresolved),
    unknownKinds: config.unknownKinds.value,
    defaultNamespace,
  });
  const isWaiting = check.evidence !== undefined;
  const settings = { workloads, defaultNamespace, valuesImages };
  // Loaded only with --pin.
  const pinned = pins
    ? await (await import('../pin/pin-input.ts')).pinInput(input, check, settings, terminal)
    : undefined;
  const judge: Judge = (object) => judgeManifest(object, deadlineAfter(check.time, systemClock));
  const decisions = await judgeAll(pinned?.objects ?? input.objects, judge, isWaiting, terminal);
  // Incomplete: `--pin` left an image without digest.
  return { decisions, incomplete: pinned?.incomplete === true };
};

/** What was judged. Constraints speak of more than workloads. */
const conclusion = (decisions: readonly Decision[], constraints: ConstraintSet | undefined): string => {
  if (constraints === undefined)
    return decisions.length === 0 ? 'no workload in the input' : summary(decisions, 'workload');
  return decisions.length === 0
    ? 'no workload in the input, and no object that a constraint speaks of'
    : summary(decisions, 'object');
};

/** `check manifest`: the same review as the webhook's, over files. */
export const checkManifests = async (flags: ManifestFlags, terminal: Terminal): Promise<ExitCode> => {
  const {
    filename = [],
    exclude = [],
    namespace,
    namespaceLabels,
    failOn,
    output: _output,
    quiet: _quiet,
    pin: pins = false,
    valuesImage = [],
    ...rest
  } = flags;
  const defaultNamespace = parseNamespace(namespace);
  if (pins) checkPinOutput(flags);
  const valuesImages = valuesPaths(valuesImage, pins);
  const config = readSettings(manifestSettings, rest, terminal);
  const policies = await readPolicies(config.policies.value, terminal);
  for (const remark of policies.constraintRemarks) terminal.talk(formatProblem(remark));
  const input = await readManifests(filename, terminal, { exclude, keepsTexts: pins });
  const subject = {
    set: policies.value,
    trustRoots: policies.trustRoots,
    labels: [namespacesIn(input.objects)],
    namespaceLabels,
    looks: pins,
  };
  const check = await openCheck(config, subject, terminal);
  const options = {
    config,
    pins,
    valuesImages,
    defaultNamespace,
    constraints: policies.constraints,
  };
  let judged: Awaited<ReturnType<typeof judgeInput>>;
  try {
    judged = await judgeInput(input, check, options, terminal);
  } finally {
    await check.close();
  }
  const { decisions, incomplete } = judged;
  await write(decisions, input, flags, terminal);
  const code = await check.conclude(decisions, failOn, incomplete);
  tellWarnings(decisions, terminal);
  terminal.talk(conclusion(decisions, policies.constraints));
  if (input.problems.length > 0) throw new UsageError(input.problems);
  return decisions.length === 0 && !incomplete ? exitCode.clean : code;
};
