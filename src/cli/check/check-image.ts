import type { Flags } from '../../config/resolve.ts';
import type { Decision } from '../../core/decision/decision.ts';
import type { ImageReference } from '../../core/image/reference.ts';
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
  const { value: set, trustRoots } = await readPolicies(config.policies.value, terminal);
  const subject = { set, trustRoots, labels: [], namespaceLabels, looks: false };
  const check = await openCheck(config, subject, terminal);
  const judgeAndClose = async (): Promise<readonly Decision[]> => {
    try {
      return await judgeAll(images, namespace, check, terminal);
    } finally {
      await check.close();
    }
  };
  const decisions = await judgeAndClose();
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
