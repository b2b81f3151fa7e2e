import type { PlatformImage } from '../facts/image-facts.ts';
import type { PackageListSource, VulnerabilityFacts } from '../facts/vulnerability/vulnerability-facts.ts';
import { vulnerabilityNeed } from '../facts/vulnerability/vulnerability-kind.ts';
import { readDuration } from '../policy/schema/duration.ts';
import type { MultiArch, VulnerabilitiesCheck } from '../policy/schema/schema.ts';
import { fail, ok, type Result } from '../result.ts';
import {
  pass,
  type CheckSituation,
  type EvidenceCheckOf,
  type EvidenceRule,
  type EvidenceViolation,
} from './check.ts';
import { artifactWhy } from './image.ts';
import { choosePlatforms } from './image/platforms.ts';
import { acceptanceBy, compileAccept } from './vulnerabilities/accept.ts';
import { advisoriesAtHand, advisoriesFresh, freshUntil } from './vulnerabilities/advisories.ts';
import type { VulnerabilityCondition, VulnerabilitySubject } from './vulnerabilities/condition.ts';
import { countedBy, countedUntil, withinMax, withinScore } from './vulnerabilities/limits.ts';
import { lookedInto, readable, scanned, withoutGaps } from './vulnerabilities/looked.ts';
import { openBy, openUntil } from './vulnerabilities/open.ts';
import { deniedBy, notDenied, notExploited, notMalicious } from './vulnerabilities/refused.ts';
import { compileListSources, type ListSources } from './vulnerabilities/sources.ts';
import {
  createVulnerabilityMemory,
  platformSubject,
  type PlatformSubject,
} from './vulnerabilities/subject.ts';

/** A condition, and whether time or namespace can change what it finds in the same facts. */
interface Timed {
  readonly condition: VulnerabilityCondition;
  readonly readsSituation: boolean;
}

/** `gracePeriod` and `maxAge` in milliseconds. */
interface Durations {
  readonly grace: number;
  readonly most: number;
}

const durationsOf = ({ gracePeriod, maxAge }: VulnerabilitiesCheck): Result<Durations, string> => {
  const grace = readDuration(gracePeriod);
  const most = readDuration(maxAge);
  if (grace === undefined) return fail(`gracePeriod: ${JSON.stringify(gracePeriod)} cannot be read`);
  return most === undefined ? fail(`maxAge: ${JSON.stringify(maxAge)} cannot be read`) : ok({ grace, most });
};

/** Every condition of a check, in the order in which people read what is wrong. */
const conditionsOf = (
  config: VulnerabilitiesCheck,
  { grace, most }: Durations,
  sources: ListSources,
): readonly Timed[] => {
  const { max, maxScore, unknownSeverity, knownExploited, deny, accept, unscanned } = config;
  const openOf = openBy(compileAccept(accept));
  const counted = countedBy(config, grace);
  // Authorities and their certificates end.
  const always = (condition: VulnerabilityCondition): Timed => ({
    condition,
    readsSituation: sources.readsTime,
  });
  // The age of a feed stands in each message, so even the count of a fixed list is of its moment.
  const timed = (condition: VulnerabilityCondition): Timed => ({ condition, readsSituation: true });
  return [
    timed(advisoriesAtHand),
    always(readable),
    always(lookedInto),
    always(scanned(unscanned, sources.text)),
    always(withoutGaps(config)),
    timed(advisoriesFresh(most, knownExploited)),
    timed(notMalicious(openOf)),
    ...(deny.length === 0 ? [] : [timed(notDenied(deniedBy(deny)))]),
    ...(knownExploited ? [timed(notExploited(openOf))] : []),
    ...(maxScore === undefined ? [] : [timed(withinScore(maxScore, openOf, counted))]),
    ...(max === undefined ? [] : [timed(withinMax(max, unknownSeverity, openOf, counted))]),
  ];
};

/**
 * Conditions that stand beside one another and change alike become one rule: what a rule found is looked up for each image of
 * each review.
 */
const inGroups = (conditions: readonly Timed[]): readonly (readonly Timed[])[] => {
  const groups: Timed[][] = [];
  for (const one of conditions) {
    const last = groups.at(-1);
    if (last?.[0]?.readsSituation === one.readsSituation) last.push(one);
    else groups.push([one]);
  }
  return groups;
};

/** All rules of a check ask about the same facts in the same situation, one after the other. */
const rememberLast = <Facts extends object, T>(
  make: (facts: Facts, situation: CheckSituation) => T,
): ((facts: Facts, situation: CheckSituation) => T) => {
  const known = new WeakMap<CheckSituation, { readonly facts: Facts; readonly made: T }>();
  return (facts, situation) => {
    const last = known.get(situation);
    if (last?.facts === facts) return last.made;
    const made = make(facts, situation);
    known.set(situation, { facts, made });
    return made;
  };
};

const foundBy = (group: readonly Timed[], subject: VulnerabilitySubject): readonly EvidenceViolation[] => {
  const found = group.map(({ condition }) => condition(subject)).filter(({ length }) => length > 0);
  return found.length === 0 ? pass : found.flat();
};

/** A pass ends with a day of `accept`, with a grace period, or with the age of a feed, whichever is first. */
const passUntil = (
  subject: VulnerabilitySubject,
  { grace, most }: Durations,
  { knownExploited }: VulnerabilitiesCheck,
): number =>
  Math.min(
    openUntil(subject.situation.now),
    countedUntil(grace, subject),
    freshUntil(most, knownExploited, subject),
  );

/** `vulnerabilities`: what is known to be wrong with the packages of each platform that is judged. */
export const vulnerabilitiesCheck = (
  config: VulnerabilitiesCheck,
  multiArch: MultiArch,
): Result<EvidenceCheckOf<'vulnerability'>, string> => {
  const durations = durationsOf(config);
  if (!durations.ok) return durations;
  const choice = choosePlatforms(multiArch);
  const memory = createVulnerabilityMemory();
  const platforms = multiArch.mode === 'platforms' ? multiArch.platforms : 'all';
  const sources = compileListSources(config.evidence, platforms);
  if (!sources.ok) return sources;
  const subjectOf = rememberLast(
    (facts: VulnerabilityFacts, situation: CheckSituation): VulnerabilitySubject => {
      const { isIndex, platforms } = choice(facts.image);
      const subjects = new Map<PlatformImage, PlatformSubject>();
      return {
        isIndex,
        platforms,
        situation,
        advisories: facts.advisories,
        of: (platform) => {
          const known = subjects.get(platform);
          if (known !== undefined) return known;
          const accepts = (source: PackageListSource): boolean =>
            sources.value.accepts(source, facts, situation);
          const subject = platformSubject(platform, facts, accepts, memory);
          subjects.set(platform, subject);
          return subject;
        },
      };
    },
  );
  const text = JSON.stringify({ vulnerabilities: config, multiArch });
  const conditions = conditionsOf(config, durations.value, sources.value);
  const rules: readonly EvidenceRule<VulnerabilityFacts>[] = [
    { text, readsSituation: false, judge: ({ image }) => choice(image).violations },
    ...inGroups(conditions).map((group, at): EvidenceRule<VulnerabilityFacts> => ({
      text: `${String(at)} ${text}`,
      readsSituation: group.some(({ readsSituation }) => readsSituation),
      judge: (facts, situation) => foundBy(group, subjectOf(facts, situation)),
      // Who may sign lists is judged at each moment.
      ...(sources.value.readsTime
        ? {}
        : {
            passesUntil: (facts, situation) =>
              passUntil(subjectOf(facts, situation), durations.value, config),
          }),
    })),
  ];
  return ok({
    id: 'vulnerabilities',
    need: vulnerabilityNeed({ platforms, lists: sources.value.lists }),
    readsNamespaceLabels: false,
    unfit: ({ image }) => artifactWhy(choice(image).artifact),
    rules,
    acceptance: acceptanceBy(config.accept, deniedBy(config.deny)),
  });
};
