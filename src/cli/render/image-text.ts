import { plural } from '../../core/text/plural.ts';
import type { Decision } from '../../core/decision/decision.ts';
import { shown, shownBriefly } from '../../core/text/shown-text.ts';
import { factOf, type ImageEvidence } from '../../core/facts/image-evidence.ts';
import { creationTime } from '../../core/facts/creation-time.ts';
import { formatPlatform } from '../../core/oci/platform.ts';
import type { PlatformImage } from '../../core/facts/image-facts.ts';
import { imageKind } from '../../core/facts/image-kind.ts';
import { describeDuration } from '../../core/text/duration.ts';
import { describeSize } from '../../core/text/size.ts';
import { verdictOf } from './decision-table.ts';
import { findingLines, trailLines } from './decision-text.ts';

const builtText = (times: readonly number[], now: number): string => {
  const created = creationTime(times, now) ?? times[0];
  if (created === undefined) return 'says not when it was built';
  const date = new Date(created).toISOString().slice(0, 10);
  return created > now
    ? `says built on ${date}, which is to come`
    : `built ${describeDuration(now - created)} ago (${date})`;
};

const platformLine = (
  { artifact, platform, user, times, size, layers }: PlatformImage,
  now: number,
): string => {
  const who = user === '' ? 'user root (it names none)' : `user ${shownBriefly(user, 64)}`;
  const weight = `${describeSize(size)} in ${plural(layers, 'layer')}`;
  const made = `${builtText(times, now)}, ${weight}`;
  return artifact === undefined
    ? `  ${shownBriefly(formatPlatform(platform), 64)}: ${who}, ${made}`
    : `  artifact of type ${shownBriefly(artifact, 64)}: ${made}`;
};

const factLines = (evidence: ImageEvidence | undefined, now: number): readonly string[] => {
  if (evidence === undefined) return ['  not looked at: its name was enough to decide'];
  const image = factOf(evidence, imageKind);
  return image.state === 'known' ? image.value.platforms.map((one) => platformLine(one, now)) : [];
};

/**
 * One judged reference for a person: verdict, digest, facts of the image, the credentials that were tried, and the
 * findings.
 * @param now - milliseconds since 1970
 */
export const renderImage = (decision: Decision, evidence: ImageEvidence | undefined, now: number): string => {
  const [image] = decision.images;
  const name = image?.reference ?? decision.object.name ?? '';
  const lines = [
    `${verdictOf(decision)}  ${shown(name)}`,
    ...(image?.digest === undefined ? [] : [`  digest ${image.digest}`]),
    ...factLines(evidence, now),
    ...(image === undefined ? [] : trailLines(image)),
    ...(decision.skipped === undefined ? [] : [`  ${decision.skipped.message}`]),
    ...decision.findings.flatMap((finding) => findingLines(finding)),
  ];
  return `${lines.join('\n')}\n`;
};
