import {
  isJsonObject,
  objectsIn,
  textOf,
  type JsonObject,
  type JsonValue,
} from '../../../core/text/json/json.ts';
import type { PolicyProblem } from '../../../core/policy/load/schema-problem.ts';
import type { Result } from '../../../core/result.ts';
import { compileRule, type SchemaRule } from './rule.ts';
import { fieldSchema } from './structural-schema.ts';

type Path = PolicyProblem['path'];

/** What the rules of a schema say of a value, and of which nobody knows here what they say. */
export interface RuleFindings {
  readonly problems: readonly PolicyProblem[];
  readonly remarks: readonly PolicyProblem[];
}

/** Of all rules on all parts of one value. */
const maxSteps = 1_000_000;
/** An evaluation costs something, however little it does. */
const stepsEach = 100;
const rulesField = 'x-kubernetes-validations';

const compiled = new WeakMap<JsonObject, Result<SchemaRule, string> | undefined>();

const ruleOf = (written: JsonObject, schema: JsonObject): Result<SchemaRule, string> | undefined => {
  if (!compiled.has(written)) compiled.set(written, compileRule(written, schema));
  return compiled.get(written);
};

/** The field that a rule is about, below the value that it judges: `.a['b c']`. */
const fieldPathOf = (text: string): Path => {
  const steps: string[] = [];
  let rest = text;
  while (rest !== '') {
    const [all, plain, quoted] = /^(?:\.([^.[\]']{1,256})|\['((?:[^'\\]|\\.){1,256})'\])/.exec(rest) ?? [];
    if (all === undefined) return [];
    steps.push(plain ?? (quoted ?? '').replaceAll(/\\(.)/g, '$1'));
    rest = rest.slice(all.length);
  }
  return steps;
};

/** Reasons of `x-kubernetes-validations` other than that a value is invalid. */
const reasons: Readonly<Record<string, string>> = {
  FieldValueForbidden: 'forbidden: ',
  FieldValueRequired: 'required: ',
  FieldValueDuplicate: 'duplicate: ',
};

class RuleRun {
  readonly problems: PolicyProblem[] = [];
  readonly remarks: PolicyProblem[] = [];
  readonly #unknown = new Set<JsonObject>();
  #steps = maxSteps;

  /** Each rule is told of once, however many items of a list it cannot judge. */
  #remark(rule: JsonObject, path: Path, why: string): void {
    if (this.#unknown.has(rule)) return;
    this.#unknown.add(rule);
    this.remarks.push({
      path,
      message: `the rule ${JSON.stringify(textOf(rule['rule']).trim())} of the schema was not evaluated: ${why}`,
    });
  }

  #rule(written: JsonObject, schema: JsonObject, value: JsonValue, path: Path): void {
    const rule = ruleOf(written, schema);
    // What cannot be compiled is said of the template; what is about a change is not asked here.
    if (rule === undefined || !rule.ok || rule.value.isTransition) return;
    if (this.#steps <= 0) {
      this.#remark(written, path, `the rules before it took more than ${maxSteps} steps`);
      return;
    }
    const outcome = rule.value.judge(value);
    this.#steps -= outcome.steps + stepsEach;
    if (outcome.state === 'unknown') this.#remark(written, path, outcome.message);
    if (outcome.state !== 'broken') return;
    const reason = reasons[textOf(written['reason'])] ?? '';
    const field = fieldPathOf(textOf(written['fieldPath']));
    this.problems.push({ path: [...path, ...field], message: `${reason}${outcome.message}` });
  }

  /** @param schema of the value, which may say more than the part of it that holds the rules */
  judge(rules: JsonObject, schema: JsonObject, value: JsonValue, path: Path): void {
    // Rules are asked about values; the rule of what holds a value can ask whether it is null.
    if (value === null) return;
    for (const rule of objectsIn(rules[rulesField])) this.#rule(rule, schema, value, path);
    for (const part of objectsIn(rules['allOf'])) this.judge(part, schema, value, path);
    if (Array.isArray(value)) {
      const [inner, items] = [rules['items'], schema['items']];
      if (!isJsonObject(inner) || !isJsonObject(items)) return;
      for (const [at, item] of (value as readonly JsonValue[]).entries())
        this.judge(inner, items, item, [...path, at]);
    } else if (isJsonObject(value)) this.#fields(rules, schema, value, path);
  }

  #fields(rules: JsonObject, schema: JsonObject, value: JsonObject, path: Path): void {
    for (const [key, given = null] of Object.entries(value)) {
      const [inner, one] = [fieldSchema(rules, key), fieldSchema(schema, key)];
      if (isJsonObject(inner) && isJsonObject(one)) this.judge(inner, one, given, [...path, key]);
    }
  }
}

/** Asks the rules in CEL of a schema (`x-kubernetes-validations`) about a value that is written for the first time. */
export const ruleFindings = (schema: JsonObject, value: JsonValue, path: Path): RuleFindings => {
  const run = new RuleRun();
  run.judge(schema, schema, value, path);
  return run;
};

/** A rule that cannot be evaluated here, with the path to it in the schema. */
export const unevaluatedRules = (
  rules: JsonObject,
  schema: JsonObject = rules,
  path: Path = [],
): readonly PolicyProblem[] => {
  const own = objectsIn(rules[rulesField]).flatMap((written, at): readonly PolicyProblem[] => {
    const rule = ruleOf(written, schema);
    return rule === undefined || rule.ok
      ? []
      : [
          {
            path: [...path, rulesField, at, 'rule'],
            message: `the API server evaluates this rule, and nothing here does: ${rule.error}`,
          },
        ];
  });
  const below = (field: string): readonly PolicyProblem[] => {
    const [inner, one] = [rules[field], schema[field]];
    return isJsonObject(inner) && isJsonObject(one) ? unevaluatedRules(inner, one, [...path, field]) : [];
  };
  const properties = rules['properties'];
  const fields = isJsonObject(properties) ? Object.entries(properties) : [];
  return [
    ...own,
    ...objectsIn(rules['allOf']).flatMap((part, at) =>
      unevaluatedRules(part, schema, [...path, 'allOf', at]),
    ),
    ...below('items'),
    ...below('additionalProperties'),
    ...fields.flatMap(([name, inner]) => {
      const one = fieldSchema(schema, name);
      return isJsonObject(inner) && isJsonObject(one)
        ? unevaluatedRules(inner, one, [...path, 'properties', name])
        : [];
    }),
  ];
};
