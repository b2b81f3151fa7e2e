import {
  isJsonObject,
  objectOf,
  objectsIn,
  textOf,
  type JsonObject,
  type JsonValue,
} from '../../../core/text/json/json.ts';
import type { PolicyProblem } from '../../../core/policy/load/schema-problem.ts';
import { objectName } from '../../../core/workload/object-metadata.ts';
import { builtinSignatures } from '../../rego/builtins/signatures.ts';
import { dottedName } from '../../rego/compile/variables.ts';
import { operatorNames } from '../../rego/syntax/operators.ts';
import { parseModule, type RegoVersion } from '../../rego/syntax/parse-module.ts';
import { textOfTerm, type RegoRule } from '../../rego/syntax/term.ts';
import {
  codeProblem,
  readTemplate,
  ruleRemarks,
  templateSource,
  type TemplateProblem,
  type WrittenSource,
} from '../constraint-template.ts';
import { writtenKind } from '../crd-fields.ts';
import { parametersSchema } from '../schema/parameters-schema.ts';
import { readsNamespaceObject } from '../namespace/namespace-reads.ts';
import type { TemplateModule } from '../namespace/written-functions.ts';
import { walkSyntax } from '../syntax-walk.ts';
import { compiledModule, problemAt, Reads } from '../template-code.ts';
import { fieldRemarks, remarksOnRules, type CodeRemark, type RemarkCode } from './template-remarks.ts';

/** A parameter of constraints, as the schema of their template describes it. */
export interface ParameterField {
  /** `labels[].key`; the values of a map are `{}`. */
  readonly path: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly default?: JsonValue;
  readonly description?: string;
}

interface TemplateRemark extends TemplateProblem {
  readonly code: RemarkCode;
}

/** What there is to say of a template before anybody uses it. */
export interface TemplateExplanation {
  readonly name: string;
  readonly apiVersion: string;
  /** The kind of its constraints. */
  readonly constraintKind: string;
  /** Whether it is evaluated here; else `problems` say why not. */
  readonly runs: boolean;
  /** In the words of the template; of several, the one that is run stands first. */
  readonly engines: readonly string[];
  readonly regoVersion?: RegoVersion;
  readonly libraries: number;
  /** Functions that the code calls, those of its own and operators aside. */
  readonly builtins: readonly string[];
  readonly readsInventory: boolean;
  readonly readsNamespaceObject: boolean;
  /** Operations that a webhook asks it about; an empty list: about all. */
  readonly operations: readonly string[];
  /** `any`: no schema says what they are. `none`: constraints have none. */
  readonly parameters: 'any' | 'none' | readonly ParameterField[];
  readonly problems: readonly TemplateProblem[];
  readonly remarks: readonly TemplateRemark[];
}

/** Deeper fields are not listed; the schema itself has a bound of its own. */
const maxListedDepth = 16;

const fieldsBelow = (schema: JsonObject, path: string, depth = 0): readonly ParameterField[] => {
  if (depth > maxListedDepth) return [];
  const required = Array.isArray(schema['required']) ? (schema['required'] as readonly JsonValue[]) : [];
  return Object.entries(objectOf(schema['properties'])).flatMap(([name, value]) =>
    fieldsOf(objectOf(value), path === '' ? name : `${path}.${name}`, required.includes(name), depth + 1),
  );
};

const typeOf = (schema: JsonObject): string =>
  schema['x-kubernetes-int-or-string'] === true ? 'integer or string' : textOf(schema['type']) || 'any';

const fieldsOf = (
  schema: JsonObject,
  path: string,
  isRequired: boolean,
  depth: number,
): readonly ParameterField[] => {
  const { items, additionalProperties: others, default: given } = schema;
  const description = textOf(schema['description']);
  // Values of a list or a map without fields are told by the type of the list or the map.
  const inner = isJsonObject(items) ? items : isJsonObject(others) ? others : undefined;
  const mark = isJsonObject(items) ? '[]' : '{}';
  const type = typeOf(schema);
  return [
    {
      path,
      type: inner === undefined ? type : `${type} of ${typeOf(inner)}`,
      isRequired,
      ...(given === undefined ? {} : { default: given }),
      ...(description === '' ? {} : { description }),
    },
    ...fieldsBelow(schema, path, depth),
    ...(inner === undefined ? [] : fieldsBelow(inner, `${path}${mark}`, depth)),
  ];
};

const parametersOf = (schema: JsonObject | undefined): TemplateExplanation['parameters'] => {
  if (schema === undefined) return 'none';
  const fields = fieldsBelow(schema, '');
  return fields.length === 0 ? 'any' : fields;
};

/** A text of a template that can be parsed. */
interface ParsedText {
  readonly lib: number | undefined;
  readonly text: string;
  readonly rules: readonly RegoRule[];
  readonly module: TemplateModule;
}

const parsedTexts = ({ rego, libs, version }: WrittenSource): readonly ParsedText[] =>
  [{ lib: undefined, text: rego }, ...libs.map((text, lib) => ({ lib, text }))].flatMap(({ lib, text }) => {
    const parsed = parseModule(text, version);
    if (!parsed.ok) return [];
    return [{ lib, text, rules: parsed.value.rules, module: compiledModule(lib, parsed.value) }];
  });

const operators = new Set(operatorNames.values());

const builtinsIn = (texts: readonly ParsedText[]): readonly string[] => {
  const found = new Set<string>();
  for (const { rules } of texts) {
    const own = new Set(rules.map(({ head: { path } }) => textOfTerm(path[0])));
    walkSyntax(rules, (term) => {
      const name = term.kind === 'call' ? dottedName(term.operator) : undefined;
      if (name !== undefined && builtinSignatures.has(name) && !own.has(name)) found.add(name);
      return undefined;
    });
  }
  return [...found].filter((name) => !operators.has(name) && !name.startsWith('internal.')).toSorted();
};

const remarksOf = (source: WrittenSource, texts: readonly ParsedText[]): readonly TemplateRemark[] => {
  const placed = (text: ParsedText, { code, message, at }: CodeRemark): TemplateRemark => ({
    ...codeProblem(source, problemAt(text, at, message)),
    code,
  });
  const fields = fieldRemarks(texts.map(({ rules }) => rules));
  return texts.flatMap((text, at) => [
    ...(at === fields.text ? fields.remarks : []).map((remark) => placed(text, remark)),
    ...remarksOnRules(text.rules).map((remark) => placed(text, remark)),
  ]);
};

const codeOf = (source: WrittenSource | undefined) => {
  const texts = source === undefined ? [] : parsedTexts(source);
  const reads = new Reads();
  for (const { rules } of texts) reads.add(rules);
  return {
    ...(source === undefined ? {} : { regoVersion: source.version }),
    libraries: source?.libs.length ?? 0,
    builtins: builtinsIn(texts),
    readsInventory: reads.inventoryAt !== undefined,
    readsNamespaceObject: readsNamespaceObject(texts.map(({ module }) => module)),
    remarks: source === undefined ? [] : remarksOf(source, texts),
  };
};

const enginesOf = (target: JsonObject): readonly string[] => {
  const named = [
    ...(textOf(target['rego']) === '' ? [] : ['Rego']),
    ...objectsIn(target['code']).map(({ engine }) => textOf(engine)),
  ];
  return [...new Set([...named.filter((engine) => engine === 'Rego'), ...named])];
};

const unevaluated = (problem: PolicyProblem): TemplateRemark => ({ ...problem, code: 'rule-not-evaluated' });

/** Says what a template is, what it reads, what it may miss, and why it does not run. */
export const explainTemplate = (template: JsonObject): TemplateExplanation => {
  const read = readTemplate(template, { hasInventory: false });
  const [target = {}] = objectsIn(objectOf(template['spec'])['targets']);
  const { operations } = target;
  const code = codeOf(templateSource(template));
  const schema = parametersSchema(template);
  return {
    name: objectName(template),
    apiVersion: textOf(template['apiVersion']),
    constraintKind: writtenKind(template),
    runs: read.ok,
    engines: enginesOf(target),
    ...code,
    operations: Array.isArray(operations) ? (operations as readonly JsonValue[]).map(textOf) : [],
    parameters: parametersOf(schema),
    problems: read.ok ? [] : read.error,
    remarks: [...code.remarks, ...ruleRemarks(schema).map(unevaluated)],
  };
};
