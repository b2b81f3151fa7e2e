import * as z from 'zod';
import { quote } from '../../core/text/cut-middle.ts';
import { isJsonObject, objectOf, textOf, type JsonObject } from '../../core/text/json/json.ts';
import { problemsOf, type PolicyProblem } from '../../core/policy/load/schema-problem.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { metadataOf } from '../../core/workload/object-metadata.ts';
import { depthProblems } from './schema/depth-problems.ts';
import { parametersSchema } from './schema/parameters-schema.ts';
import { unevaluatedRules } from './schema/rule-findings.ts';
import { isLegacySchema, schemaProblems } from './schema/structural-schema.ts';
import {
  compileTemplate,
  type CodeProblem,
  type TemplateCode,
  type TemplateSource,
} from './template-code.ts';

export const templateGroup = 'templates.gatekeeper.sh';
const target = 'admission.k8s.gatekeeper.sh';
/** Of templates and of constraints. */
export const maxNameLength = 63;

/** Something wrong in a template; `path` leads to the value, `line` and `column` to a place in its text. */
export interface TemplateProblem extends PolicyProblem {
  readonly line?: number;
  readonly column?: number;
  /** The template is right, but nothing here can run it. */
  readonly isUnsupported?: boolean;
}

/** A ConstraintTemplate that can be evaluated. */
export interface ConstraintTemplate {
  /** The kind of its constraints. */
  readonly kind: string;
  readonly name: string;
  /** For people; `undefined`: it has none. */
  readonly title: string | undefined;
  /** Operations that a webhook asks it about; an empty list: about all. */
  readonly operations: readonly string[];
  /** The schema of the parameters of its constraints; `undefined`: they have none. */
  readonly parameters: JsonObject | undefined;
  readonly code: TemplateCode;
}

/** The annotation that all templates of Gatekeeper's library carry. */
export const templateTitle = (template: JsonObject): string | undefined => {
  const title = textOf(objectOf(metadataOf(template)['annotations'])['metadata.gatekeeper.sh/title']);
  return title === '' ? undefined : title;
};

const anyObject = z.custom<JsonObject>(isJsonObject, { error: 'expected an object' });

const targetFields = z.strictObject({
  target: z.literal(target),
  rego: z.string().exactOptional(),
  libs: z.array(z.string()).max(64).exactOptional(),
  code: z
    .array(z.strictObject({ engine: z.string().min(1), source: anyObject }))
    .max(16)
    .exactOptional(),
  operations: z.array(z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT', '*'])).exactOptional(),
});

const template = z.looseObject({
  apiVersion: z.enum(['v1', 'v1beta1', 'v1alpha1'].map((version) => `${templateGroup}/${version}`)),
  kind: z.literal('ConstraintTemplate'),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.strictObject({
    crd: z.strictObject({
      spec: z.strictObject({
        names: z.strictObject({
          kind: z.string().min(1),
          shortNames: z.array(z.string()).exactOptional(),
        }),
        validation: z
          .strictObject({
            openAPIV3Schema: anyObject.exactOptional(),
            legacySchema: z.boolean().exactOptional(),
          })
          .exactOptional(),
      }),
    }),
    targets: z.array(targetFields).refine((list) => list.length === 1, {
      error: ({ input }) =>
        `a template has exactly one target, and this one has ${Array.isArray(input) ? input.length : 0}`,
    }),
  }),
});
type Fields = z.output<typeof template>;

const regoSource = z.strictObject({
  rego: z.string(),
  libs: z.array(z.string()).max(64).exactOptional(),
  version: z.string().exactOptional(),
});

const targetPath = ['spec', 'targets', 0] as const;
const schemaPath = ['spec', 'crd', 'spec', 'validation', 'openAPIV3Schema'] as const;

export interface WrittenSource extends TemplateSource {
  /** Where `rego` and `libs` stand. */
  readonly path: PolicyProblem['path'];
}
type SourceResult = Result<WrittenSource, readonly TemplateProblem[]>;

/** The Rego of a template: `targets[].rego` before `targets[].code[]`, as Gatekeeper has it. */
const sourceOf = ({ rego, libs = [], code = [] }: Fields['spec']['targets'][number]): SourceResult => {
  if (rego !== undefined && rego !== '') return ok({ rego, libs, version: 'v0', path: targetPath });
  const at = code.findIndex(({ engine }) => engine === 'Rego');
  const found = code[at];
  if (found === undefined) {
    const engines = code.map(({ engine }) => engine).join(', ');
    const path = [...targetPath, 'code'];
    return engines === ''
      ? fail([{ path: targetPath, message: 'holds no code: `rego` and `code` are missing' }])
      : fail([
          {
            path,
            message: `holds no Rego, only ${engines}, which nothing here evaluates`,
            isUnsupported: true,
          },
        ]);
  }
  const path = [...targetPath, 'code', at, 'source'];
  const parsed = regoSource.safeParse(found.source);
  if (!parsed.success)
    return fail(
      problemsOf(parsed.error, found.source, regoSource).map((problem) => ({
        ...problem,
        path: [...path, ...problem.path],
      })),
    );
  const version = parsed.data.version === 'v1' ? 'v1' : 'v0';
  return ok({ rego: parsed.data.rego, libs: parsed.data.libs ?? [], version, path });
};

const nameProblems = (name: string, kind: string): readonly TemplateProblem[] => {
  const path = ['metadata', 'name'];
  const wanted = kind.toLowerCase();
  if (name.toLowerCase() !== wanted)
    return [
      { path, message: `${quote(name)} is not the kind ${quote(kind)} in lower case`, suggestion: wanted },
    ];
  return name.length > maxNameLength ? [{ path, message: `is longer than ${maxNameLength} characters` }] : [];
};

const operationProblems = (operations: readonly string[]): readonly TemplateProblem[] =>
  operations.includes('*') && operations.length > 1
    ? [{ path: [...targetPath, 'operations'], message: '"*" stands for all operations, so it stands alone' }]
    : [];

/** A path in the schema of the parameters, as one in the template. */
const inSchema = (problem: PolicyProblem): PolicyProblem => ({
  ...problem,
  path: [...schemaPath, ...problem.path],
});

/** Rules of the schema of parameters that the API server evaluates, and nothing here. */
export const ruleRemarks = (parameters: JsonObject | undefined): readonly PolicyProblem[] =>
  parameters === undefined ? [] : unevaluatedRules(parameters).map(inSchema);

const parameterProblems = ({ apiVersion, spec }: Fields): readonly TemplateProblem[] => {
  const { validation } = spec.crd.spec;
  const { openAPIV3Schema } = validation ?? {};
  if (openAPIV3Schema === undefined) return [];
  return schemaProblems(openAPIV3Schema, isLegacySchema(apiVersion, validation)).map(inSchema);
};

/** A problem of a text of a template, with the path to the text. */
export const codeProblem = ({ path }: WrittenSource, { lib, ...problem }: CodeProblem): TemplateProblem => ({
  ...problem,
  path: [...path, ...(lib === undefined ? ['rego'] : ['libs', lib])],
});

/** What the caller can hand to templates. */
export interface TemplateReading {
  /** Without objects of the cluster, a template that asks for them would find none, and allow what it should not. */
  readonly hasInventory: boolean;
}

const compiledOf = (
  source: WrittenSource,
  { hasInventory }: TemplateReading,
): Result<TemplateCode, readonly TemplateProblem[]> => {
  const code = compileTemplate(source);
  if (!code.ok) return fail(code.error.map((problem) => codeProblem(source, problem)));
  const { inventory } = code.value;
  if (inventory === undefined || hasInventory) return code;
  return fail([
    codeProblem(source, {
      ...inventory,
      message: 'reads data.inventory, which is not kept here',
      isUnsupported: true,
    }),
  ]);
};

/** The Rego of a template, also of one that is refused for something else; `undefined`: it cannot be found. */
export const templateSource = (value: unknown): WrittenSource | undefined => {
  const parsed = template.safeParse(value);
  const [first] = parsed.success ? parsed.data.spec.targets : [];
  const source = first === undefined ? undefined : sourceOf(first);
  return source?.ok === true ? source.value : undefined;
};

/** Reads and compiles a ConstraintTemplate, or says everything that is wrong with it. */
export const readTemplate = (
  value: unknown,
  reading: TemplateReading,
): Result<ConstraintTemplate, readonly TemplateProblem[]> => {
  const deep = depthProblems(value);
  if (deep.length > 0) return fail(deep);
  const parsed = template.safeParse(value);
  if (!parsed.success) return fail(problemsOf(parsed.error, value, template));
  const { metadata, spec } = parsed.data;
  const { kind } = spec.crd.spec.names;
  const [first] = spec.targets;
  const operations = first?.operations ?? [];
  const source = first === undefined ? fail([]) : sourceOf(first);
  const code = source.ok ? compiledOf(source.value, reading) : source;
  const problems = [
    ...nameProblems(metadata.name, kind),
    ...operationProblems(operations),
    ...parameterProblems(parsed.data),
    ...(code.ok ? [] : code.error),
  ];
  if (!code.ok || problems.length > 0) return fail(problems);
  return ok({
    kind,
    name: metadata.name,
    title: templateTitle(objectOf(value)),
    operations,
    parameters: parametersSchema(objectOf(value)),
    code: code.value,
  });
};
