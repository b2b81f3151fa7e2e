import type { PolicyProblem } from '../../../core/policy/load/schema-problem.ts';
import { fail, type Result } from '../../../core/result.ts';
import { textOf, type JsonObject } from '../../../core/text/json/json.ts';
import { revisionText } from '../../../core/text/json/json-depth.ts';
import { metadataOf, objectName } from '../../../core/workload/object-metadata.ts';
import { readConstraint, type Constraint } from '../constraint.ts';
import { templateTitle, type ConstraintTemplate, type TemplateProblem } from '../constraint-template.ts';
import { writtenKind } from '../crd-fields.ts';

/** A template of the cluster, with the revision in force (R8). */
export interface TemplateRevision {
  readonly object: JsonObject;
  /** The text of what was read last. */
  readonly read: string;
  /** The kind of its constraints, as far as it can be read. */
  readonly kind: string;
  /** Of the newest revision; empty: it is in force. */
  readonly problems: readonly TemplateProblem[];
  /** This revision, or the last good one. */
  readonly inForce: ConstraintTemplate | undefined;
  /** The text of what is in force. */
  readonly content: string;
}

interface GoodConstraint {
  readonly constraint: Constraint;
  readonly object: JsonObject;
  readonly content: string;
}

/** A constraint of the cluster, with the newest revision that can be read. */
export interface ConstraintRevision {
  readonly object: JsonObject;
  readonly read: string;
  /** By which both were read; `undefined`: no revision of the template is in force. */
  readonly template: ConstraintTemplate | undefined;
  readonly good: GoodConstraint | undefined;
  readonly problems: readonly PolicyProblem[];
}

const uidOf = (object: JsonObject): string => textOf(metadataOf(object)['uid']);

/** What is compiled: metadata and status change without a change of it. */
const contentOf = (object: JsonObject): string =>
  revisionText(
    [object['apiVersion'] ?? null, object['kind'] ?? null, objectName(object), object['spec'] ?? null],
    metadataOf(object)['generation'],
  );

/** Its title is shown beside what its constraints say. */
const templateContent = (object: JsonObject): string =>
  JSON.stringify([contentOf(object), templateTitle(object) ?? null]);

/**
 * The kind of the constraints of a template that was never good here. Its name is that kind in lower case, whatever it
 * says itself: constraints from before must be found, or a template that broke while the gate was dead would open them.
 */
const kindOfBroken = (object: JsonObject): string => {
  const written = writtenKind(object);
  const name = objectName(object);
  return written.toLowerCase() === name ? written : name;
};

/** An object that was made anew has no revision before it. */
const sameObject = <T extends { readonly object: JsonObject }>(
  known: T | undefined,
  object: JsonObject,
): T | undefined => (known !== undefined && uidOf(known.object) === uidOf(object) ? known : undefined);

export const nextTemplate = (
  known: TemplateRevision | undefined,
  object: JsonObject,
  readTemplate: (object: JsonObject) => Result<ConstraintTemplate, readonly TemplateProblem[]>,
): TemplateRevision => {
  const before = sameObject(known, object);
  const read = templateContent(object);
  // Status and metadata came back by the watch: nothing is compiled for them.
  if (before?.read === read) return { ...before, object };
  const result = readTemplate(object);
  if (result.ok) {
    const { kind } = result.value;
    return { object, read, kind, problems: [], inForce: result.value, content: read };
  }
  const kind = before?.inForce?.kind ?? kindOfBroken(object);
  const { inForce, content = '' } = before ?? { inForce: undefined };
  return { object, read, kind, problems: result.error, inForce, content };
};

/** A template that is not read at all. Its constraints are known by its kind: what they closed is not opened. */
export const refusedTemplate = (
  known: TemplateRevision | undefined,
  object: JsonObject,
  problem: TemplateProblem,
): TemplateRevision => {
  const kind = sameObject(known, object)?.inForce?.kind ?? kindOfBroken(object);
  return { object, read: '', kind, problems: [problem], inForce: undefined, content: '' };
};

/** The last good revision, asked by the template of now. */
const lastGood = (
  before: ConstraintRevision | undefined,
  template: ConstraintTemplate,
): GoodConstraint | undefined => {
  const good = before?.good;
  const read = good === undefined ? fail([]) : readConstraint(good.object, template);
  return good !== undefined && read.ok ? { ...good, constraint: read.value } : undefined;
};

export const nextConstraint = (
  known: ConstraintRevision | undefined,
  object: JsonObject,
  template: ConstraintTemplate | undefined,
): ConstraintRevision => {
  const before = sameObject(known, object);
  const read = contentOf(object);
  if (before?.read === read && before.template === template) return { ...before, object };
  if (template === undefined) return { object, read, template, good: before?.good, problems: [] };
  const result = readConstraint(object, template);
  if (!result.ok) return { object, read, template, good: lastGood(before, template), problems: result.error };
  const good = { constraint: result.value, object, content: read };
  return { object, read, template, good, problems: [] };
};
