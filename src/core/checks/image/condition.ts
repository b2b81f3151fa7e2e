import { shown, shownBriefly } from '../../decision/shown-text.ts';
import type { PlatformImage } from '../../facts/image-facts.ts';
import { formatPlatform } from '../../facts/image-facts.ts';
import type { ImageReference } from '../../image/reference.ts';
import { listPatterns } from '../check.ts';
import type { CheckSituation, Violation } from '../check.ts';

/** What a condition judges: the images that the policy's `multiArch` chooses, at least one. */
export interface Subject {
  readonly image: ImageReference;
  readonly isIndex: boolean;
  readonly platforms: readonly PlatformImage[];
  readonly situation: CheckSituation;
}

/** One condition of the check `image`. @returns everything that is wrong */
export type Condition = (subject: Subject) => readonly Violation[];

/** Why one platform fails. */
export interface Failing {
  readonly platform: PlatformImage;
  readonly why: string;
}

const longestName = 64;
const longestValue = 128;
const mostReasons = 5;

/** `image 'nginx'`, the subject of every message. */
export const named = ({ image }: Subject): string => `image '${shown(image.given)}'`;

/** Text of an image's config, quoted; whoever built the image wrote it. */
export const quoted = (text: string): string => `'${shownBriefly(text, longestValue)}'`;

export const platformName = ({ platform }: PlatformImage): string =>
  shownBriefly(formatPlatform(platform), longestName);

/** ` (linux/amd64, linux/arm64)` behind what is wrong with an index; nothing where there is one platform only. */
export const onPlatforms = ({ isIndex }: Subject, failing: readonly Failing[]): string =>
  isIndex ? ` (${listPatterns(failing.map(({ platform }) => platformName(platform)))})` : '';

/** The reasons, each once, behind the platforms that it holds for. */
export const reasonsOf = ({ isIndex }: Subject, failing: readonly Failing[]): string => {
  const platforms = new Map<string, string[]>();
  for (const { platform, why } of failing) {
    const names = platforms.get(why) ?? [];
    names.push(platformName(platform));
    platforms.set(why, names);
  }
  const reasons = [...platforms].map(([why, names]) => (isIndex ? `${listPatterns(names)}: ${why}` : why));
  const more = reasons.length - mostReasons;
  return shown([...reasons.slice(0, mostReasons), ...(more > 0 ? [`and ${more} more`] : [])].join('; '));
};

/** The platforms for which `judge` gives a reason. */
export const failingOf = (
  { platforms }: Subject,
  judge: (platform: PlatformImage) => string | undefined,
): readonly Failing[] =>
  platforms.flatMap((platform) => {
    const why = judge(platform);
    return why === undefined ? [] : [{ platform, why }];
  });
