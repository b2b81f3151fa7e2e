import { compilePattern, type ImagePattern, type PatternUse } from '../../image/pattern.ts';
import { readDuration } from '../schema/duration.ts';
import { matchesGlob } from '../match/glob.ts';
import { coversPattern } from './cover.ts';
import { patternsOverlap } from './overlap.ts';
import { remark, type RuleRemark } from './remark.ts';
import type { ImagePolicy, RegistriesCheck } from '../schema/schema.ts';

type Path = RuleRemark['path'];

/** What one check lets in. */
interface AllowList {
  readonly policy: string;
  readonly path: Path;
  readonly allowed: readonly ImagePattern[];
}
/** How old an image has to be, or may be, by one check. */
interface AgeBound {
  readonly policy: string;
  readonly path: Path;
  readonly text: string;
  readonly age: number;
}
/** The demands of one policy, or of several that cover a namespace, which must be possible together. */
interface Demands {
  readonly lists: readonly AllowList[];
  readonly least: readonly AgeBound[];
  readonly most: readonly AgeBound[];
}
/** A remark with the policy that it is about. */
interface Conflict extends RuleRemark {
  readonly policy: string;
}

/** The patterns that compile. The others are problems of the schema already. */
export const compiledPatterns = (texts: readonly string[], use: PatternUse): readonly ImagePattern[] =>
  texts.flatMap((text) => {
    const pattern = compilePattern(text, use);
    return pattern.ok ? [pattern.value] : [];
  });

/** allowed = (allow + platform) less deny. */
const allowedBy = ({ allow, platform, deny }: RegistriesCheck): readonly ImagePattern[] => {
  const denied = compiledPatterns(deny, 'deny');
  return [...compiledPatterns(allow ?? [], 'allow'), ...compiledPatterns(platform, 'platform')].filter(
    (pattern) => !denied.some((outer) => coversPattern(outer, pattern)),
  );
};

const demandsOf = ({ metadata: { name: policy }, spec }: ImagePolicy): Demands => {
  const at = (index: number, ...rest: readonly string[]): Path => ['spec', 'checks', index, ...rest];
  const bounds = (field: 'minAge' | 'maxAge'): readonly AgeBound[] =>
    spec.checks.flatMap((check, index) => {
      const text = 'image' in check ? check.image[field] : undefined;
      const age = text === undefined ? undefined : readDuration(text);
      return text === undefined || age === undefined
        ? []
        : [{ policy, path: at(index, 'image', field), text, age }];
    });
  return {
    lists: spec.checks.flatMap((check, index) =>
      'registries' in check && check.registries.allow !== undefined
        ? [{ policy, path: at(index, 'registries', 'allow'), allowed: allowedBy(check.registries) }]
        : [],
    ),
    least: bounds('minAge'),
    most: bounds('maxAge'),
  };
};

const placeOf = (
  { policy, path }: { readonly policy: string; readonly path: Path },
  from: string,
): string => {
  const check = `checks[${String(path[2])}]`;
  return policy === from ? check : `${check} of policy ${JSON.stringify(policy)}`;
};

/** A list that allows nothing by itself has its own remark. */
const shareNoImage = (one: AllowList, other: AllowList): boolean =>
  one.allowed.length > 0 &&
  other.allowed.length > 0 &&
  !one.allowed.some((left) => other.allowed.some((right) => patternsOverlap(left, right)));

const listConflict = (first: AllowList, second: AllowList): readonly Conflict[] => {
  if (!shareNoImage(first, second)) return [];
  const message =
    `no image passes: this allow list and that of ${placeOf(first, second.policy)} have no image in common, and an image ` +
    'has to be in both; where either is meant, write all patterns into one list';
  return [{ policy: second.policy, ...remark(second.path, message) }];
};

const ageConflict = (least: AgeBound, most: AgeBound): readonly Conflict[] => {
  const isOneCheck = least.policy === most.policy && least.path[2] === most.path[2];
  if (isOneCheck || least.age < most.age) return [];
  const message = `no image passes: it would have to be at least ${least.text} old and, by ${placeOf(most, least.policy)}, at most ${most.text}`;
  return [{ policy: least.policy, ...remark(least.path, message) }];
};

/** Conflicts within one policy. */
const ownConflicts = ({ lists, least, most }: Demands): readonly Conflict[] => [
  ...lists.flatMap((second, index) => lists.slice(0, index).flatMap((first) => listConflict(first, second))),
  ...least.flatMap((bound) => most.flatMap((other) => ageConflict(bound, other))),
];

/** Conflicts between two policies. */
const mutualConflicts = (one: Demands, other: Demands): readonly Conflict[] => [
  ...other.lists.flatMap((second) => one.lists.flatMap((first) => listConflict(first, second))),
  ...one.least.flatMap((bound) => other.most.flatMap((most) => ageConflict(bound, most))),
  ...other.least.flatMap((bound) => one.most.flatMap((most) => ageConflict(bound, most))),
];

type Match = ImagePolicy['spec']['match'];

const selectsByLabel = ({ namespaceSelector, objectSelector }: Match): boolean =>
  [namespaceSelector, objectSelector].some(
    ({ matchLabels = {}, matchExpressions = [] }) =>
      Object.keys(matchLabels).length + matchExpressions.length > 0,
  );
const coversName = ({ namespaces: { include, exclude } }: Match, name: string): boolean =>
  include.some((glob) => matchesGlob(glob, name)) && !exclude.some((glob) => matchesGlob(glob, name));
const scopeOf = ({ namespaces, namespaceSelector, objectSelector }: Match): string =>
  JSON.stringify([namespaces, namespaceSelector, objectSelector]);

/** Whether there is surely a namespace in which both policies judge every image. Says no when it is not sure. */
const coverTogether = (one: Match, other: Match): boolean => {
  if (![one, other].every(({ images }) => images.includes('**'))) return false;
  if (scopeOf(one) === scopeOf(other)) return true;
  if (selectsByLabel(one) || selectsByLabel(other)) return false;
  const names = [one, other].flatMap(({ namespaces }) =>
    namespaces.include.filter((name) => !name.includes('*')),
  );
  // One arbitrary name stands for all names that no policy mentions.
  return ['some-namespace', ...names].some((name) => coversName(one, name) && coversName(other, name));
};

/**
 * Demands that no image can meet, in one policy or in two in mode Deny over the same namespaces. Says nothing where it
 * is not sure: policies that select by different labels may never meet.
 */
export const conflictsOf = (policies: readonly ImagePolicy[]): readonly Conflict[] => {
  const all = policies.map((policy) => ({ policy, demands: demandsOf(policy) }));
  const strict = all.filter(
    ({ policy: { spec }, demands }) =>
      spec.mode === 'Deny' && demands.lists.length + demands.least.length + demands.most.length > 0,
  );
  return [
    ...all.flatMap(({ demands }) => ownConflicts(demands)),
    ...strict.flatMap(({ policy, demands }, index) =>
      strict
        .slice(0, index)
        .filter((other) => coverTogether(other.policy.spec.match, policy.spec.match))
        .flatMap((other) => mutualConflicts(other.demands, demands)),
    ),
  ];
};
