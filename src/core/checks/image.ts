import { readDuration } from '../policy/schema/duration.ts';
import type { Unavailable } from '../facts/fact.ts';
import type { ImageFacts } from '../facts/image-facts.ts';
import { imageNeed } from '../facts/image-kind.ts';
import type { ImageCheck, MultiArch } from '../policy/schema/schema.ts';
import { readSize } from '../policy/schema/size.ts';
import { fail, ok, type Result } from '../result.ts';
import type { EvidenceCheckOf, EvidenceRule } from './check.ts';
import { knownAge, maxAge, minAge } from './image/age.ts';
import type { Condition } from './image/condition.ts';
import { labelConditions, readsNamespaceLabels } from './image/labels.ts';
import { allowedPlatforms, choosePlatforms } from './image/platforms.ts';
import { maxSize } from './image/size.ts';
import { nonRoot } from './image/user.ts';

/** A condition with its source as text: equal texts make equal conditions. */
interface Written {
  readonly text: string;
  readonly condition: Condition;
  readonly readsSituation: boolean;
  readonly containersOnly?: true;
}

const written = (value: object, condition: Condition, readsSituation = false): Written => ({
  text: JSON.stringify(value),
  condition,
  readsSituation,
});

/** A condition with an amount. An amount that cannot be read is an error; the condition is never left out. */
const withAmount = (
  config: ImageCheck,
  field: 'maxAge' | 'minAge' | 'maxSize',
  read: (text: string) => number | undefined,
  condition: (amount: number) => Condition,
): Result<readonly Written[], string> => {
  const text = config[field];
  if (text === undefined) return ok([]);
  const amount = read(text);
  if (amount === undefined) return fail(`image.${field}: ${JSON.stringify(text)} cannot be read`);
  return ok([written({ [field]: amount }, condition(amount), field !== 'maxSize')]);
};

/** The rules of one check. Two checks that choose the same platforms and have the same condition share its judgement. */
const rulesOf = (
  conditions: readonly Written[],
  multiArch: MultiArch,
  choice: ReturnType<typeof choosePlatforms>,
): readonly EvidenceRule<ImageFacts>[] => {
  const chosenBy = JSON.stringify({ multiArch });
  return [
    { text: chosenBy, readsSituation: false, judge: (facts) => choice(facts).violations },
    ...conditions.map(({ text, condition, ...more }): EvidenceRule<ImageFacts> => ({
      text: `${text} ${chosenBy}`,
      ...more,
      judge: (facts, situation) => {
        const { isIndex, platforms } = choice(facts);
        return condition({ isIndex, platforms, situation });
      },
    })),
  ];
};

/** `unknownTime` is asked where an age is. */
const unknownTime = ({ maxAge: most, minAge: least, unknownTime: word = 'Deny' }: ImageCheck) =>
  (most === undefined && least === undefined) || word === 'Allow'
    ? []
    : [written({ unknownTime: word }, knownAge(word), true)];

/** Only a process that runs in a container can break out of it, and nothing runs from a volume. */
const userOf = ({ user }: ImageCheck): readonly Written[] =>
  user === undefined ? [] : [{ ...written({ user }, nonRoot(user)), containersOnly: true }];

/** An artifact is data: it may be mounted, and there is nothing in it to run. */
export const artifactWhy = (type: string | undefined): Unavailable | undefined =>
  type === undefined
    ? undefined
    : {
        what: 'the image',
        why: `it is an artifact of type ${type}, not a container image`,
        final: true,
        remedy:
          'name the container image; an artifact may be an image volume. In an index it may stand beside images when its config ' +
          'is empty and no node takes it for an image: behind the image of the same platform, or without a platform',
      };

/** `image`: conditions on what the image says about itself. All are judged, each failure is reported. */
export const imageCheck = (
  config: ImageCheck,
  multiArch: MultiArch,
): Result<EvidenceCheckOf<'image'>, string> => {
  const oldest = withAmount(config, 'maxAge', readDuration, maxAge);
  if (!oldest.ok) return oldest;
  const newest = withAmount(config, 'minAge', readDuration, minAge);
  if (!newest.ok) return newest;
  const largest = withAmount(config, 'maxSize', readSize, maxSize);
  if (!largest.ok) return largest;
  const { labels, platforms } = config;
  const conditions: readonly Written[] = [
    ...oldest.value,
    ...newest.value,
    ...unknownTime(config),
    ...userOf(config),
    ...labelConditions(labels).map(({ rule, condition, readsSituation }) =>
      written(rule, condition, readsSituation),
    ),
    ...(platforms === undefined ? [] : [written({ platforms }, allowedPlatforms(platforms, multiArch))]),
    ...largest.value,
  ];
  const choice = choosePlatforms(multiArch);
  return ok({
    id: 'image',
    need: imageNeed(multiArch.mode === 'platforms' ? multiArch.platforms : 'all'),
    readsNamespaceLabels: readsNamespaceLabels(labels),
    unfit: (facts) => artifactWhy(choice(facts).artifact),
    rules: rulesOf(conditions, multiArch, choice),
  });
};
