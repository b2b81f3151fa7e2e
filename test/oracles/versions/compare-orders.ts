import { createHash } from 'node:crypto';
import { compareVersions } from '../../../src/core/vulnerability/version/compare.ts';
import type { VersionScheme } from '../../../src/core/vulnerability/ecosystem.ts';
import { writeVersionRecording, type VersionRecording } from '../recording.ts';
import { rowFor, type AnsweredPair } from './differences.ts';
import { drawPairs, type VersionPair } from './draw.ts';
import { versionPrograms } from './programs.ts';

export const versionSchemes = Object.keys(versionPrograms) as readonly VersionScheme[];
export const pairsOfScheme = 20_000;

export const digestOfPairs = (pairs: readonly VersionPair[]): string =>
  createHash('sha256').update(JSON.stringify(pairs)).digest('hex');

const ourAnswer = (scheme: VersionScheme, [one, other]: VersionPair): string => {
  const order = compareVersions(scheme, one, other);
  return order === undefined ? '?' : '<=>'[order + 1]!;
};

/** The pairs on which somebody and we differ. */
export const differing = (
  scheme: VersionScheme,
  pairs: readonly VersionPair[],
  answers: string,
): readonly AnsweredPair[] =>
  pairs
    .map((pair, index) => ({
      scheme,
      one: pair[0],
      other: pair[1],
      ours: ourAnswer(scheme, pair),
      theirs: answers[index] ?? 'nothing',
    }))
    .filter(({ ours, theirs }) => ours !== theirs);

const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Asked {
  readonly seed: number;
  readonly write: boolean;
}

/** Asks each package manager and us about the same pairs, and records it. @returns on how many somebody has to look */
export const compareOrders = ({ seed, write }: Asked): number => {
  const orders: VersionRecording['orders'] = {};
  let failures = 0;
  for (const scheme of versionSchemes) {
    const pairs = drawPairs(scheme, seed, pairsOfScheme);
    const { name, answers } = versionPrograms[scheme](pairs);
    orders[scheme] = { program: name, pairs: digestOfPairs(pairs), answers };
    const found = differing(scheme, pairs, answers);
    const unexplained = found.filter((pair) => rowFor(pair) === undefined);
    failures += unexplained.length;
    for (const { one, other, ours, theirs } of unexplained)
      say(`${scheme}: '${one}' ${ours} '${other}', and ${name} says ${theirs}`);
    say(
      `versions of ${scheme}: ${pairs.length} pairs beside ${name}, ${found.length} differ, ${unexplained.length} unexplained`,
    );
  }
  if (write && failures === 0) {
    writeVersionRecording({ command: `npm run oracles -- --seed ${seed}`, seed, orders });
  }
  return failures;
};
