import { describePolicyProblem } from '../../../core/policy/load/problem-path.ts';
import type { PolicyProblem } from '../../../core/policy/load/schema-problem.ts';
import { textOf, type JsonObject } from '../../../core/text/json/json.ts';
import { objectName } from '../../../core/workload/object-metadata.ts';
import { readConstraint, readUnusable } from '../constraint.ts';
import { enforcementProblems } from '../enforcement.ts';
import { createConstraintCache } from '../evaluation/constraint-cache.ts';
import { createConstraintSet, type CompiledConstraints } from './constraint-set.ts';
import type { ConstraintInForce } from './judge-review.ts';
import type { TemplateReading } from '../constraint-template.ts';
import { nextConstraint, type ConstraintRevision } from './revisions.ts';
import { createTemplates, keep, sorted, type Templates } from './template-store.ts';

/** The kinds of constraints that are watched; a template beyond is refused. */
const maxTemplates = 500;

/** A constraint of the cluster. */
export interface StoredConstraint {
  readonly kind: string;
  readonly object: JsonObject;
  /** Of the newest revision; empty: it is in force. */
  readonly problems: readonly PolicyProblem[];
  /** This revision, or the last good one (R8). */
  readonly inForce: ConstraintInForce;
  /** The text of what is in force. */
  readonly content: string;
  /** What is in force had a violation without a message. */
  readonly isSilent: boolean;
}

const texts = (problems: readonly PolicyProblem[]): string =>
  problems.slice(0, 4).map(describePolicyProblem).join('; ');

const createConstraints = (templates: Pick<Templates, 'ofKind'>) => {
  const silent = new WeakSet<ConstraintInForce>();
  const constraints = new Map<string, Map<string, ConstraintRevision>>();
  const ofKind = (kind: string): Map<string, ConstraintRevision> => {
    const revisions = constraints.get(kind) ?? new Map<string, ConstraintRevision>();
    constraints.set(kind, revisions);
    return revisions;
  };
  const put = (kind: string, object: JsonObject): void => {
    const revisions = ofKind(kind);
    const known = revisions.get(objectName(object));
    revisions.set(objectName(object), nextConstraint(known, object, templates.ofKind(kind)?.inForce));
  };
  const inForceOf = (kind: string, revision: ConstraintRevision): ConstraintInForce => {
    const { object, good, template, problems } = revision;
    if (template !== undefined && good !== undefined) return good.constraint;
    const [what, wrong] =
      template === undefined
        ? [`the template '${kind.toLowerCase()}'`, templates.ofKind(kind)?.problems ?? []]
        : ['the constraint', problems];
    const why = `${what} cannot be used, and no good revision of it is known: ${texts(wrong)}`;
    return readUnusable(object, { kind, name: objectName(object), why });
  };
  const stored = (kind: string, revision: ConstraintRevision): StoredConstraint => {
    const { object, problems, good, read } = revision;
    const inForce = inForceOf(kind, revision);
    const content = good?.content ?? `unusable ${read}`;
    return { kind, object, problems, inForce, content, isSilent: silent.has(inForce) };
  };
  return {
    silent,
    put,
    delete: (kind: string, name: string): void => void constraints.get(kind)?.delete(name),
    replace: (kind: string, all: readonly JsonObject[]): void => {
      keep(ofKind(kind), new Set(all.map(objectName)));
      for (const object of all) put(kind, object);
    },
    keepKinds: (kinds: ReadonlySet<string>): void => keep(constraints, kinds),
    /** A template that changed reads its constraints again: parameters have its defaults. */
    followTemplates: (): void => {
      for (const [kind, revisions] of constraints) {
        const template = templates.ofKind(kind)?.inForce;
        for (const [name, one] of revisions)
          if (one.template !== template) revisions.set(name, nextConstraint(one, one.object, template));
      }
    },
    all: (): readonly StoredConstraint[] =>
      sorted(constraints).flatMap(([kind, revisions]) =>
        sorted(revisions).map(([, revision]) => stored(kind, revision)),
      ),
  };
};

/**
 * Templates and constraints as a cluster holds them, each with the revision in force: the newest good one. One template
 * that changes compiles nothing but itself.
 */
export const createConstraintStore = (reading: TemplateReading, most = maxTemplates) => {
  const templates = createTemplates(reading, most);
  const constraints = createConstraints(templates);
  // A constraint that changes nothing of another one leaves what came of that.
  const cache = createConstraintCache();
  let excludedNamespaces: readonly string[] = [];
  const follow = (): void => {
    constraints.keepKinds(templates.kinds());
    constraints.followTemplates();
  };
  return {
    putTemplate: (object: JsonObject): void => {
      templates.put(object);
      follow();
    },
    deleteTemplate: (name: string): void => {
      templates.delete(name);
      follow();
    },
    replaceTemplates: (all: readonly JsonObject[]): void => {
      templates.replace(all);
      follow();
    },
    putConstraint: constraints.put,
    deleteConstraint: constraints.delete,
    replaceConstraints: constraints.replace,
    /** Globs on namespaces that no constraint is asked about. */
    exclude: (globs: readonly string[]): void => {
      excludedNamespaces = globs;
    },
    /** The kinds of constraints that templates make. */
    kinds: templates.kinds,
    templates: templates.all,
    constraints: constraints.all,
    /** What is wrong with a template, or with a constraint of a template in force, before they are put. */
    template: templates.problems,
    constraint: (object: JsonObject): readonly PolicyProblem[] => {
      const template = templates.ofKind(textOf(object['kind']))?.inForce;
      const read = template === undefined ? undefined : readConstraint(object, template);
      if (read === undefined) return [];
      return read.ok ? enforcementProblems(read.value.enforcement) : read.error;
    },
    /** The constraints in force. `digest` makes a short text of all that was read. */
    set: (digest: (text: string) => string): CompiledConstraints => {
      const all = constraints.all();
      const contents = [
        templates.all().map(({ content }) => content),
        all.map(({ content }) => content),
        excludedNamespaces,
      ];
      return createConstraintSet({
        constraints: all.map(({ inForce }) => inForce),
        excludedNamespaces,
        version: digest(JSON.stringify(contents)),
        withoutMessage: constraints.silent,
        cache,
      });
    },
  };
};
export type ConstraintStore = ReturnType<typeof createConstraintStore>;
