import { shown, shownBriefly } from '../../text/shown-text.ts';
import type { PlatformImage } from '../../facts/image-facts.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { listed, type CheckSituation, type EvidenceViolation } from '../check.ts';

/** The images that a condition judges: those that the policy's `multiArch` chooses, at least one. */
export interface ConditionSubject {
  readonly isIndex: boolean;
  readonly platforms: readonly PlatformImage[];
  readonly situation: CheckSituation;
}

/**
 * One condition of the check `image`.
 * @returns every violation
 */
export type Condition = (subject: ConditionSubject) => readonly EvidenceViolation[];

/** Why one platform fails. */
export interface Failing {
  readonly platform: PlatformImage;
  readonly why: string;
}

const maxNameLength = 64;
const maxValueLength = 128;
const maxReasons = 5;

/** Text of an image's config, quoted and safe to show: the builder of the image chose it. */
export const quoted = (text: string): string => `'${shownBriefly(text, maxValueLength)}'`;

export const platformName = ({ platform }: PlatformImage): string =>
  shownBriefly(formatPlatform(platform), maxNameLength);

/** ` (linux/amd64, linux/arm64)` behind a violation of an index; empty for a single platform. */
export const onPlatforms = ({ isIndex }: ConditionSubject, failing: readonly Failing[]): string =>
  isIndex ? ` (${listed(failing, ({ platform }) => platformName(platform))})` : '';

/** The reasons, each once, behind the platforms that it holds for. */
export const reasonsOf = ({ isIndex }: ConditionSubject, failing: readonly Failing[]): string => {
  const platforms = new Map<string, PlatformImage[]>();
  for (const { platform, why } of failing) {
    const alike = platforms.get(why);
    if (alike === undefined) platforms.set(why, [platform]);
    else alike.push(platform);
  }
  const reasons = [...platforms]
    .slice(0, maxReasons)
    .map(([why, alike]) => (isIndex ? `${listed(alike, platformName)}: ${why}` : why));
  const more = platforms.size - maxReasons;
  return shown([...reasons, ...(more > 0 ? [`and ${more} more`] : [])].join('; '));
};

/** The platforms for which `judge` gives a reason. */
export const failingOf = (
  { platforms }: ConditionSubject,
  judge: (platform: PlatformImage) => string | undefined,
): readonly Failing[] =>
  platforms.flatMap((platform) => {
    const why = judge(platform);
    return why === undefined ? [] : [{ platform, why }];
  });
