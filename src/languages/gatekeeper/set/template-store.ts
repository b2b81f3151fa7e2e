import { compareTexts } from '../../../core/decision/order.ts';
import type { Result } from '../../../core/result.ts';
import { textOf, type JsonObject } from '../../../core/text/json/json.ts';
import { metadataOf, objectName } from '../../../core/workload/object-metadata.ts';
import {
  readTemplate,
  type ConstraintTemplate,
  type TemplateProblem,
  type TemplateReading,
} from '../constraint-template.ts';
import { nextTemplate, refusedTemplate, type TemplateRevision } from './revisions.ts';

export const sorted = <T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));

export const keep = <T>(map: Map<string, T>, names: ReadonlySet<string>): void => {
  for (const name of map.keys()) if (!names.has(name)) map.delete(name);
};

/** Templates by age, those of one second by name: what all replicas agree on, whatever came to them first. */
const byAge = (one: JsonObject, other: JsonObject): number => {
  const ageOf = (object: JsonObject): string => textOf(metadataOf(object)['creationTimestamp']);
  return compareTexts(ageOf(one), ageOf(other)) || compareTexts(objectName(one), objectName(other));
};

const beyond = (most: number, objects: ReadonlyMap<string, JsonObject>): ReadonlySet<string> =>
  new Set([...objects.values()].toSorted(byAge).slice(most).map(objectName));

const tooMany = (most: number): TemplateProblem => ({
  path: [],
  message: `there are ${most} templates already, and more are not read`,
});

/** Templates, each with the revision in force. */
export const createTemplates = (reading: TemplateReading, most: number) => {
  const templates = new Map<string, TemplateRevision>();
  /** The newest beyond the limit. */
  let refused: ReadonlySet<string> = new Set();
  const read = (object: JsonObject): Result<ConstraintTemplate, readonly TemplateProblem[]> =>
    readTemplate(object, reading);
  const next = (object: JsonObject): TemplateRevision => {
    const known = templates.get(objectName(object));
    return refused.has(objectName(object))
      ? refusedTemplate(known, object, tooMany(most))
      : nextTemplate(known, object, read);
  };
  /** Reads what changed, and what has to go or may come in for it. */
  const follow = (changed: ReadonlyMap<string, JsonObject>): void => {
    const objects = new Map([...templates].map(([name, { object }]) => [name, object] as const));
    for (const [name, object] of changed) objects.set(name, object);
    const before = refused;
    refused = objects.size > most ? beyond(most, objects) : new Set();
    for (const [name, object] of objects)
      if (changed.has(name) || before.has(name) !== refused.has(name)) templates.set(name, next(object));
  };
  return {
    put: (object: JsonObject): void => follow(new Map([[objectName(object), object]])),
    delete: (name: string): void => {
      templates.delete(name);
      follow(new Map());
    },
    replace: (all: readonly JsonObject[]): void => {
      const changed = new Map(all.map((object) => [objectName(object), object] as const));
      keep(templates, new Set(changed.keys()));
      follow(changed);
    },
    /** What is wrong with a template before it is put. */
    problems: (object: JsonObject): readonly TemplateProblem[] => {
      if (templates.size >= most && !templates.has(objectName(object))) return [tooMany(most)];
      const result = read(object);
      return result.ok ? [] : result.error;
    },
    /** The name of a template is the kind of its constraints in lower case. */
    ofKind: (kind: string): TemplateRevision | undefined => templates.get(kind.toLowerCase()),
    all: (): readonly TemplateRevision[] => sorted(templates).map(([, revision]) => revision),
    kinds: (): ReadonlySet<string> =>
      new Set([...templates.values()].map(({ kind }) => kind).filter((kind) => kind !== '')),
  };
};
export type Templates = ReturnType<typeof createTemplates>;
