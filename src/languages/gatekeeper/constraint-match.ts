import * as z from 'zod';
import { matchesGlob } from '../../core/policy/match/glob.ts';
import { compileSelector, matchesLabels, type Labels } from '../../core/policy/match/label-selector.ts';
import { labelSelector } from '../../core/policy/schema/selector.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import {
  isJsonObject,
  objectOf,
  textOf,
  type JsonObject,
  type JsonValue,
} from '../../core/text/json/json.ts';
import { groupOf } from '../../core/workload/kinds/kinds.ts';
import { metadataOf } from '../../core/workload/object-metadata.ts';
import type { ConstraintReview } from './review.ts';

/** A star in the middle of a name has no meaning in Gatekeeper. */
export const nameGlob = z.string().refine((text) => !text.slice(1, -1).includes('*'), {
  error: 'holds "*" elsewhere than at its beginning or its end',
});
const globs = z.array(nameGlob).max(1024).exactOptional();
const names = z.array(z.string()).max(1024).exactOptional();

export const matchFields = z.strictObject({
  kinds: z
    .array(z.strictObject({ apiGroups: names, kinds: names }))
    .max(1024)
    .exactOptional(),
  scope: z.string().exactOptional(),
  namespaces: globs,
  excludedNamespaces: globs,
  labelSelector: labelSelector.exactOptional(),
  namespaceSelector: labelSelector.exactOptional(),
  name: nameGlob.exactOptional(),
  source: z.enum(['', 'All', 'Original', 'Generated']).exactOptional(),
});
export type ConstraintMatch = z.output<typeof matchFields>;

/** An object of a review, as a match looks at it. */
interface Matchable {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly generateName: string;
  readonly labels: Labels;
  readonly isNamespace: boolean;
  /** The namespace that it stands in; a Namespace stands in none. */
  readonly namespace: string;
  readonly review: ConstraintReview;
}

const labelsOf = (object: JsonObject): Labels =>
  Object.fromEntries(
    Object.entries(objectOf(metadataOf(object)['labels'])).map(([key, value]) => [key, textOf(value)]),
  );

const matchableOf = (object: JsonObject, review: ConstraintReview): Matchable => {
  const metadata = metadataOf(object);
  const group = groupOf(textOf(object['apiVersion']));
  const kind = textOf(object['kind']);
  return {
    group,
    kind,
    name: textOf(metadata['name']),
    generateName: textOf(metadata['generateName']),
    labels: labelsOf(object),
    isNamespace: group === '' && kind === 'Namespace',
    namespace: textOf(review.request['namespace']) || textOf(metadata['namespace']),
    review,
  };
};

/** Hundreds of constraints look at the same objects. */
const matchables = new WeakMap<ConstraintReview, readonly Matchable[]>();

/** The objects of a review, the one before the change last. */
const matchablesOf = (review: ConstraintReview): readonly Matchable[] => {
  const known = matchables.get(review);
  if (known !== undefined) return known;
  const found = [review.request['object'], review.request['oldObject']]
    .filter((object: JsonValue | undefined) => isJsonObject(object))
    .map((object) => matchableOf(object, review));
  matchables.set(review, found);
  return found;
};

type WrittenSelector = Parameters<typeof compileSelector>[0];
const selectors = new WeakMap<NonNullable<WrittenSelector>, ReturnType<typeof compileSelector>>();

/** A selector is compiled once, not for each review. */
const selectorOf = (written: WrittenSelector): ReturnType<typeof compileSelector> => {
  if (written === undefined) return compileSelector(written);
  const known = selectors.get(written);
  if (known !== undefined) return known;
  const compiled = compileSelector(written);
  selectors.set(written, compiled);
  return compiled;
};

/** @returns why it cannot be said, as a text */
type Part = (match: ConstraintMatch, one: Matchable) => boolean | string;

const holds = (list: readonly string[] | undefined, name: string): boolean =>
  list === undefined || list.length === 0 || list.includes('*') || list.includes(name);

/** Whether a constraint may speak of objects of a kind. */
export const speaksOfKind = (
  match: Pick<ConstraintMatch, 'kinds'> | undefined,
  { group, kind }: { readonly group: string; readonly kind: string },
): boolean => {
  const kinds = match?.kinds ?? [];
  return kinds.length === 0 || kinds.some((one) => holds(one.kinds, kind) && holds(one.apiGroups, group));
};

const ofKind: Part = speaksOfKind;

const ofScope: Part = ({ scope }, { isNamespace, namespace }) => {
  const isOfCluster = isNamespace || namespace === '';
  // Other words, also misspelt ones, stand for both.
  if (scope === 'Cluster') return isOfCluster;
  return scope === 'Namespaced' ? !isOfCluster : true;
};

/** What globs on namespaces are compared with: a Namespace counts by its own name. `''`: they do not speak of it. */
const namespaceName = ({ isNamespace, name, namespace }: Matchable): string =>
  isNamespace ? name : namespace;

const isOutside = (one: Matchable): boolean => !one.isNamespace && one.namespace === '';

const inNamespaces: Part = ({ namespaces = [] }, one) =>
  namespaces.length === 0 ||
  isOutside(one) ||
  namespaces.some((glob) => matchesGlob(glob, namespaceName(one)));

const notExcluded: Part = ({ excludedNamespaces = [] }, one) =>
  isOutside(one) || !excludedNamespaces.some((glob) => matchesGlob(glob, namespaceName(one)));

const byLabels: Part = (match, { labels }) => matchesLabels(selectorOf(match.labelSelector), labels);

/** The labels of the namespace are unknown. Nobody knows whether the constraint speaks of the object. */
const missingNamespace =
  'failed to run Match criteria: namespace selector for namespace-scoped object but missing Namespace';

const byNamespace: Part = (match, one) => {
  if (match.namespaceSelector === undefined || isOutside(one)) return true;
  const selector = selectorOf(match.namespaceSelector);
  if (one.isNamespace) return matchesLabels(selector, one.labels);
  const { namespace } = one.review;
  return namespace === undefined ? missingNamespace : matchesLabels(selector, labelsOf(namespace));
};

const byName: Part = ({ name: glob = '' }, { name, generateName }) =>
  glob === '' || matchesGlob(glob, name) || (glob.endsWith('*') && matchesGlob(glob, generateName));

const bySource: Part = ({ source = 'All' }, { review }) =>
  source === '' || source === 'All' || source === review.source;

/** In the order of Gatekeeper: whoever does not match by an earlier part is not asked about a later one. */
const parts: readonly (readonly [keyof ConstraintMatch, Part])[] = [
  ['kinds', ofKind],
  ['scope', ofScope],
  ['namespaces', inNamespaces],
  ['excludedNamespaces', notExcluded],
  ['labelSelector', byLabels],
  ['namespaceSelector', byNamespace],
  ['name', byName],
  ['source', bySource],
];

/** The parts that a match has: most have one or two, and hundreds of them are held against each review. */
const partsOfMatch = new WeakMap<ConstraintMatch, readonly Part[]>();

const partsOf = (match: ConstraintMatch): readonly Part[] => {
  const known = partsOfMatch.get(match);
  if (known !== undefined) return known;
  const found = parts.filter(([field]) => match[field] !== undefined).map(([, part]) => part);
  partsOfMatch.set(match, found);
  return found;
};

const matchesObject = (match: ConstraintMatch, one: Matchable): boolean | string => {
  for (const part of partsOf(match)) {
    const answer = part(match, one);
    if (answer !== true) return answer;
  }
  return true;
};

/** The namespace by which globs judge a review; `''`: its object stands in none. */
export const namespaceOf = (review: ConstraintReview): string => {
  const [one] = matchablesOf(review);
  return namespaceName(one ?? matchableOf({}, review));
};

const unable = 'unable to match constraints: ';

/**
 * Whether a constraint speaks of a review: of its object, or of the one before the change, so that nobody leaves a
 * constraint by the change that it forbids.
 */
export const matchesReview = (
  match: ConstraintMatch | undefined,
  review: ConstraintReview,
): Result<boolean, string> => {
  if (match === undefined) return ok(true);
  const objects = matchablesOf(review);
  if (objects.length === 0)
    return fail(`${unable}invalid request object: neither object nor old object are defined`);
  for (const one of objects) {
    const answer = one.kind === '' ? "Object 'Kind' is missing" : matchesObject(match, one);
    if (typeof answer === 'string')
      return fail(`${unable}error matching the requested object: ${one.name} :${answer}`);
    if (answer) return ok(true);
  }
  return ok(false);
};
