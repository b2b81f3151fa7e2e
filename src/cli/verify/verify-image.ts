import type { Flags } from '../../config/resolve.ts';
import type { SettingKey } from '../../config/settings/settings.ts';
import { systemClock } from '../../concurrency/clock.ts';
import type { ImageVerification, VerificationVerdict } from '../../core/decision/image-verification.ts';
import type { ImageReference } from '../../core/image/reference.ts';
import { deadlineAfter } from '../../gate/deadline.ts';
import { createVerifyImage } from '../../gate/manifest/verify-image.ts';
import { budget, hushed, openCheck } from '../check/check-run.ts';
import { plural } from '../../core/text/plural.ts';
import { readOneImage } from '../check/image-input.ts';
import { writeFormats, type OutputTarget } from '../check/outputs.ts';
import { createArtifactLocations } from '../check/artifact-location.ts';
import type { Judged } from '../render/decision-table.ts';
import { renderJunit } from '../render/junit.ts';
import { renderSarif } from '../render/sarif.ts';
import { renderVerification } from '../render/verification-text.ts';
import { readSettings, registrySettings, type RegistryConfig } from '../setting-flags.ts';
import { exitCode, type ExitCode } from '../terminal/exit-code.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { readVerifyInput, type SignerFlags, type VerifyInput } from './verify-input.ts';

export const verifySettings = ['policies', ...registrySettings] as const satisfies readonly SettingKey[];

export type VerifyFlags = Flags &
  SignerFlags & {
    readonly output?: readonly OutputTarget[];
    readonly quiet?: boolean;
  };

const codes: Readonly<Record<VerificationVerdict, ExitCode>> = {
  valid: exitCode.clean,
  invalid: exitCode.findings,
  unknown: exitCode.incomplete,
};

/** After so long somebody at a terminal is told what takes its time, in milliseconds. */
const patience = 1000;

const verifyIt = async (
  image: ImageReference,
  { policies, trustRoots }: VerifyInput,
  config: RegistryConfig,
  terminal: Terminal,
): Promise<ImageVerification> => {
  const subject = { set: policies, trustRoots, labels: [], namespaceLabels: undefined, looks: true };
  const check = await openCheck(config, subject, terminal);
  const verify = createVerifyImage({
    review: check.review,
    policies,
    found: (one) => check.evidence?.found(one),
    clock: systemClock,
  });
  const telling = setTimeout(() => terminal.status?.('reading every candidate of the image'), patience);
  try {
    return await verify(image, deadlineAfter(budget.withEvidence, systemClock));
  } finally {
    clearTimeout(telling);
    terminal.status?.('');
    await check.close();
  }
};

const summary = ({ verdict, candidates }: ImageVerification): string => {
  const counting = candidates.filter(({ authorities }) => authorities.some(({ counts }) => counts)).length;
  const words = { valid: 'valid', invalid: 'not valid', unknown: 'not known: nobody could look everywhere' };
  return `${words[verdict]}; ${plural(candidates.length, 'candidate')} read, ${String(counting)} of them ${counting === 1 ? 'counts' : 'count'}`;
};

/**
 * What a page of findings shows. The image fails by whatever is found, since the exit code does so too: a policy that only
 * warns at admission asks here as one that denies.
 */
const judgedBy = ({ apiVersion, image, findings, verdict }: ImageVerification): Judged => ({
  object: { apiVersion, kind: 'ImageReference', name: image.given },
  allowed: verdict === 'valid',
  findings: findings.map((finding) => ({ ...finding, mode: 'Deny' })),
});

const rendered = async (
  verification: ImageVerification,
  format: OutputTarget['format'],
): Promise<Iterable<string>> => {
  switch (format) {
    case 'table':
      return renderVerification(verification);
    case 'json':
      return [`${JSON.stringify(verification, undefined, 2)}\n`];
    case 'yaml':
      return [(await import('../render/yaml.ts')).yamlText(verification)];
    case 'sarif':
      return renderSarif([judgedBy(verification)], createArtifactLocations(process.cwd(), []));
    case 'junit':
      return renderJunit([judgedBy(verification)]);
    default:
      return format satisfies never;
  }
};

/** `verify`: who signed an image, what each candidate proves, and whether that is what was asked for. */
export const verifyImage = async (text: string, flags: VerifyFlags, given: Terminal): Promise<ExitCode> => {
  const { output, quiet, ...rest } = flags;
  const terminal = hushed(given, quiet);
  const config = readSettings(verifySettings, rest, terminal);
  const image = readOneImage(text);
  const input = await readVerifyInput(image, flags, config.policies, terminal);
  const verification = await verifyIt(image, input, config, terminal);
  await writeFormats(output, terminal, (format) => rendered(verification, format));
  terminal.talk(summary(verification));
  return codes[verification.verdict];
};
