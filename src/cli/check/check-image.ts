import type { Flags } from '../../config/resolve.ts';
import type { LoadedPolicies } from '../../adapters/policy-files/policy-files.ts';
import type { Decision } from '../../core/decision/decision.ts';
import type { ImageReference } from '../../core/image/reference.ts';
import type { PolicySet } from '../../core/policy-set/policy-set.ts';
import { deadlineAfter } from '../../gate/deadline.ts';
import { createJudgeImage } from '../../gate/manifest/judge-image.ts';
import {
  checkSettings,
  judgedAtOnce,
  parseNamespace,
  openCheck,
  summary,
  type CheckOptions,
  type OpenCheck,
} from './check-run.ts';
import { systemClock } from '../../concurrency/clock.ts';
import type { ExitCode } from '../terminal/exit-code.ts';
import { readImages } from './image-input.ts';
import { mapLimit } from '../../concurrency/map-limit.ts';
import { writeOutputs } from './outputs.ts';
import { readPolicies } from '../policy-input.ts';
import { createProgress } from '../terminal/progress.ts';
import { renderImage } from '../render/image-text.ts';
import { readSettings } from '../setting-flags.ts';
import type { Terminal } from '../terminal/terminal.ts';

export type ImageFlags = Flags & CheckOptions & { readonly filename?: readonly string[] };

const judgeAll = async (
  images: readonly ImageReference[],
  namespace: string,
  { review, time }: OpenCheck,
  terminal: Terminal,
): Promise<readonly Decision[]> => {
  const judge = createJudgeImage({ review, clock: systemClock, namespace });
  const progress = createProgress((done) => `judged ${done} of ${images.length} images`, terminal.status);
  const decisions = await mapLimit(images, judgedAtOnce, ({ given }) => {
    progress.step();
    return judge(given, deadlineAfter(time, systemClock));
  });
  progress.end();
  return decisions;
};

/** What judges images, and as what. */
export interface ImagePolicies {
  readonly loaded: LoadedPolicies<PolicySet>;
  readonly namespace: string;
  readonly namespaceLabels: string | undefined;
}

/** What the policies say of each image. @returns with what was opened, which is closed again */
export const judgeImages = async (
  images: readonly ImageReference[],
  { loaded: { value: set, trustRoots }, namespace, namespaceLabels }: ImagePolicies,
  config: Parameters<typeof openCheck>[0],
  terminal: Terminal,
): Promise<{ readonly decisions: readonly Decision[]; readonly check: OpenCheck }> => {
  const subject = { set, trustRoots, labels: [], namespaceLabels, looks: false };
  const check = await openCheck(config, subject, terminal);
  try {
    return { decisions: await judgeAll(images, namespace, check, terminal), check };
  } finally {
    await check.close();
  }
};

/** `check image`: the same policies and the same review, over bare references. */
export const checkImages = async (
  references: readonly string[],
  flags: ImageFlags,
  terminal: Terminal,
): Promise<ExitCode> => {
  const { filename = [], namespace: name, namespaceLabels, failOn, output, quiet: _quiet, ...rest } = flags;
  const namespace = parseNamespace(name);
  const config = readSettings(checkSettings, rest, terminal);
  const images = await readImages(references, filename, terminal);
  const loaded = await readPolicies(config.policies.value, terminal);
  const policies = { loaded, namespace, namespaceLabels };
  const { decisions, check } = await judgeImages(images, policies, config, terminal);
  const table = (): Iterable<string> =>
    decisions.map((decision, at) => {
      const image = images[at];
      const found = image === undefined ? undefined : check.evidence?.found(image);
      return `${at === 0 ? '' : '\n'}${renderImage(decision, found, systemClock.now())}`;
    });
  await writeOutputs(decisions, output, terminal, { table });
  const code = await check.conclude(decisions, failOn, false);
  terminal.talk(summary(decisions, 'image'));
  return code;
};
