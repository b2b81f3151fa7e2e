/*
 * image.labels.required, image.labels.forbidden, image.labels.namespaceLabels
 *
 * Reads:   labels of the image config (of an artifact: its annotations), and labels of the namespace where asked.
 * Allows:  each required label with an allowed value, no forbidden one, and for a marked image a namespace whose label
 *          the policy names for that mark.
 * Refuses: image-label, namespace-unavailable
 */
import { shown, shownBriefly } from '../../text/shown-text.ts';
import type { PlatformImage } from '../../facts/image-facts.ts';
import { matchesGlob } from '../../policy/match/glob.ts';
import { namespaceNameLabel } from '../../policy/match/label-selector.ts';
import type { ImageCheck } from '../../policy/schema/schema.ts';
import { listPatterns, type CheckSituation, type EvidenceViolation } from '../check.ts';
import {
  failingOf,
  onPlatforms,
  quoted,
  reasonsOf,
  type Condition,
  type Failing,
  type ConditionSubject,
} from './condition.ts';

type Labels = NonNullable<ImageCheck['labels']>;
type NamespaceRule = NonNullable<Labels['namespaceLabels']>[number];

const labelOf = ({ labels }: PlatformImage, name: string): string | undefined =>
  Object.hasOwn(labels, name) ? labels[name] : undefined;

/** Longest value that is compared, in UTF-16 units. The builder of an image can write any text into it (R24). */
const maxComparedLength = 4096;

/** `undefined` when the value is too long to be compared. */
const isAmong = (globs: readonly string[], value: string): boolean | undefined =>
  value.length > maxComparedLength ? undefined : globs.some((glob) => matchesGlob(glob, value));

const tooLong = (name: string, value: string): string =>
  `its label ${name} has ${value.length} characters, more than the ${maxComparedLength} that are compared`;

const listGlobs = (globs: readonly string[]): string =>
  listPatterns(globs.map((glob) => `'${shownBriefly(glob, 64)}'`));

const violation = (
  subject: ConditionSubject,
  failing: readonly Failing[],
  text: { readonly message: string; readonly remedy: string },
): readonly EvidenceViolation[] =>
  failing.length === 0
    ? []
    : [
        {
          code: 'image-label',
          says: `${text.message}${onPlatforms(subject, failing)}`,
          detail: reasonsOf(subject, failing),
          remedy: text.remedy,
        },
      ];

/** `labels.required`: the label is there, with one of the values. */
const required =
  (name: string, globs: readonly string[]): Condition =>
  (subject) => {
    const failing = failingOf(subject, (image) => {
      const value = labelOf(image, name);
      if (value === undefined) return `it has no label ${name}`;
      const isAllowed = isAmong(globs, value);
      if (isAllowed === true) return undefined;
      return isAllowed === undefined ? tooLong(name, value) : `its label ${name} is ${quoted(value)}`;
    });
    const lacking = failing.every(({ platform }) => labelOf(platform, name) === undefined);
    return violation(subject, failing, {
      message: lacking
        ? `lacks the required label '${name}'`
        : `has a value of the required label '${name}' that is not allowed`,
      remedy: globs.includes('*')
        ? `build the image with a label ${name}`
        : `build the image with a label ${name} that is one of ${listGlobs(globs)}`,
    });
  };

/** `labels.forbidden`: the label is not there with one of the values. */
const forbidden =
  (name: string, globs: readonly string[]): Condition =>
  (subject) => {
    const failing = failingOf(subject, (image) => {
      const value = labelOf(image, name);
      if (value === undefined) return undefined;
      const isForbidden = isAmong(globs, value);
      if (isForbidden === false) return undefined;
      return isForbidden === undefined ? tooLong(name, value) : `its label ${name} is ${quoted(value)}`;
    });
    return violation(subject, failing, {
      message: `has the forbidden label '${name}'`,
      remedy: globs.includes('*')
        ? `use an image without the label ${name}`
        : `use an image whose label ${name} is none of ${listGlobs(globs)}`,
    });
  };

/** The label of the namespace; `undefined` when it could not be looked up (R3), `null` when it does not exist. */
const namespaceLabel = (key: string, situation: CheckSituation): string | null | undefined => {
  if (key === namespaceNameLabel) return situation.namespace;
  if (situation.namespaceLabels.state !== 'known') return undefined;
  const { value } = situation.namespaceLabels;
  return Object.hasOwn(value, key) ? (value[key] ?? null) : null;
};

const whyNotKnown = ({ namespaceLabels }: CheckSituation): string =>
  namespaceLabels.state === 'unavailable'
    ? `${namespaceLabels.why.what}: ${namespaceLabels.why.why}`
    : 'the API server knows no such namespace';

/** `labels.namespaceLabels`: an image that is marked runs only where the namespace is marked to fit. */
const fittingNamespace =
  ({ image: name, value: glob, namespace }: NamespaceRule): Condition =>
  (subject) => {
    const { situation } = subject;
    const marked = failingOf(subject, (image) => {
      const value = labelOf(image, name);
      if (value === undefined) return undefined;
      const isMarked = isAmong([glob], value);
      if (isMarked === false) return undefined;
      // Whether it is marked is not known: only where marked images may run, nothing is wrong.
      return isMarked === undefined ? tooLong(name, value) : `its label ${name} is ${quoted(value)}`;
    });
    const own = namespaceLabel(namespace.key, situation);
    if (marked.length === 0 || (typeof own === 'string' && namespace.in.includes(own))) return [];
    const here = `namespace '${shown(situation.namespace)}'`;
    const remedy = `run it in a namespace whose label ${namespace.key} is one of ${listGlobs(namespace.in)}`;
    if (own === undefined) {
      return [
        {
          code: 'namespace-unavailable',
          says: `is bound to labels of its namespace, and those of ${here} are not known`,
          detail: shown(whyNotKnown(situation)),
          remedy:
            'make the labels known: the gate must reach the API server and may read namespaces; a check takes --namespace-labels or --kubeconfig',
        },
      ];
    }
    const label = own === null ? `has no label ${namespace.key}` : `has ${namespace.key} ${quoted(own)}`;
    return violation(subject, marked, {
      message: `with the label '${name}' may not run in ${here}, which ${label}`,
      remedy,
    });
  };

/** Whether the rules need more of the namespace than its name. */
export const readsNamespaceLabels = (labels: Labels | undefined): boolean =>
  labels?.namespaceLabels?.some(({ namespace }) => namespace.key !== namespaceNameLabel) ?? false;

/** A condition, the rule of the policy that it is made from, and whether it reads the namespace. */
interface LabelCondition {
  readonly rule: object;
  readonly condition: Condition;
  readonly readsSituation: boolean;
}

/** The conditions of `labels`, one a rule, so that each failure is reported. */
export const labelConditions = (labels: Labels | undefined): readonly LabelCondition[] => [
  ...Object.entries(labels?.required ?? {}).map(([name, globs]) => ({
    rule: { required: name, globs },
    condition: required(name, globs),
    readsSituation: false,
  })),
  ...Object.entries(labels?.forbidden ?? {}).map(([name, globs]) => ({
    rule: { forbidden: name, globs },
    condition: forbidden(name, globs),
    readsSituation: false,
  })),
  ...(labels?.namespaceLabels ?? []).map((rule) => ({
    rule: { namespaceLabels: rule },
    condition: fittingNamespace(rule),
    readsSituation: true,
  })),
];
