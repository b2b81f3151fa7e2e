import type { Flags } from '../config/resolve.ts';
import type { SettingKey } from '../config/settings.ts';
import type { Decision } from '../core/decision/decision.ts';
import { shown } from '../core/decision/shown-text.ts';
import { createWorkloadTable, declareKind } from '../core/workload/kinds.ts';
import type { ManifestDocument } from '../core/workload/manifest.ts';
import { deadlineAfter } from '../gate/deadline.ts';
import { createJudgeManifest } from '../gate/judge-manifest.ts';
import type { ManifestOutcome } from '../gate/judge-manifest.ts';
import { budget, checkSettings, judgedAtOnce, namespaceName, openCheck, summary } from './check-run.ts';
import type { CheckOptions } from './check-run.ts';
import { clock } from '../serve/clock.ts';
import { exitCode } from './exit-code.ts';
import type { ExitCode } from './exit-code.ts';
import { inOrder } from './in-order.ts';
import { readManifests } from './manifest-input.ts';
import { namespacesIn } from './namespace-input.ts';
import { writeOutputs } from './outputs.ts';
import type { Pinned, PinInput } from './pin/pin-input.ts';
import { readPolicies } from './policy-input.ts';
import { createProgress } from './progress.ts';
import { readSettings } from './setting-flags.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './terminal.ts';

/** The settings of `serve` that mean the same here. */
export const manifestSettings = [
  ...checkSettings,
  'unknownKinds',
  'workloads',
] as const satisfies readonly SettingKey[];

export type ManifestFlags = Flags &
  CheckOptions & { readonly filename?: readonly string[]; readonly pin?: boolean };

type Judge = (object: ManifestDocument) => Promise<ManifestOutcome>;

/** Side by side only while somebody waits for registries: texts alone are judged faster one after the other. */
const judgeEach = async (
  objects: readonly ManifestDocument[],
  judge: Judge,
  isWaiting: boolean,
): Promise<readonly ManifestOutcome[]> => {
  if (isWaiting) return inOrder(objects, judgedAtOnce, judge);
  const outcomes: ManifestOutcome[] = [];
  for (const object of objects) outcomes.push(await judge(object));
  return outcomes;
};

const notJudged = ({ file, line, apiVersion, kind }: ManifestDocument): string =>
  shown(
    `${file}:${line}: ${apiVersion} ${kind} was not judged: the gate does not know where its images are (${declareKind})`,
  );

const judgeAll = async (
  objects: readonly ManifestDocument[],
  judge: Judge,
  isWaiting: boolean,
  terminal: Terminal,
): Promise<readonly Decision[]> => {
  const progress = createProgress(
    (done) => `judged ${done} of ${objects.length} objects`,
    terminal.status,
    () => clock.monotonic(),
  );
  const step: Judge = (object) => {
    progress.step();
    return judge(object);
  };
  const outcomes = await judgeEach(objects, step, isWaiting);
  progress.end();
  const decisions: Decision[] = [];
  for (const [at, outcome] of outcomes.entries()) {
    const object = objects[at];
    if (outcome.outcome === 'judged') decisions.push(outcome.decision);
    else if (outcome.outcome === 'unknown-kind' && object !== undefined) terminal.talk(notJudged(object));
  }
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

const write = async (decisions: readonly Decision[], flags: ManifestFlags, terminal: Terminal) => {
  if (flags.pin === true && flags.filename?.includes('-') === true && flags.output === undefined) {
    const onStderr: Terminal = { ...terminal, out: (text) => terminal.talk(text.trimEnd()) };
    return writeOutputs(decisions, undefined, onStderr);
  }
  return writeOutputs(decisions, flags.output, terminal);
};

/** Loaded only with --pin. */
const pin = async (...args: Parameters<PinInput>): Promise<Pinned> => {
  const { pinInput } = await import('./pin/pin-input.ts');
  return pinInput(...args);
};

/** `check manifest`: the same review as the webhook's, over files. */
export const checkManifests = async (flags: ManifestFlags, terminal: Terminal): Promise<ExitCode> => {
  const {
    filename = [],
    namespace,
    namespaceLabels,
    failOn,
    output: _output,
    quiet: _quiet,
    pin: pins = false,
    ...rest
  } = flags;
  const defaultNamespace = namespaceName(namespace);
  if (pins) checkPinOutput(flags);
  const config = readSettings(manifestSettings, rest, terminal);
  const policies = await readPolicies(config.policies.value);
  const input = await readManifests(filename, terminal, pins);
  const subject = {
    set: policies.value,
    labels: [namespacesIn(input.objects)],
    namespaceLabels,
    looks: pins,
  };
  const check = await openCheck(config, subject, terminal);
  const workloads = createWorkloadTable(config.workloads.value);
  const judgeManifest = createJudgeManifest({
    review: check.review,
    form: check.form,
    workloads,
    clock,
    unknownKinds: config.unknownKinds.value,
    defaultNamespace,
  });
  const isWaiting = check.evidence !== undefined;
  const time = isWaiting ? budget.withEvidence : budget.plain;
  let pinned: Pinned | undefined;
  let decisions: readonly Decision[];
  try {
    pinned = pins ? await pin(input, check, { workloads, defaultNamespace }, terminal) : undefined;
    const objects = pinned?.objects ?? input.objects;
    const judge: Judge = (object) => judgeManifest(object, deadlineAfter(time, clock));
    decisions = await judgeAll(objects, judge, isWaiting, terminal);
  } finally {
    await check.close();
  }
  await write(decisions, flags, terminal);
  const code = await check.conclude(decisions, failOn, pinned?.incomplete === true);
  terminal.talk(decisions.length === 0 ? 'no workload in the input' : summary(decisions, 'workload'));
  return decisions.length === 0 ? exitCode.clean : code;
};
