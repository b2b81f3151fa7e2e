import { parseAllDocuments, stringify } from 'yaml';
import { nestedTooDeep, tooDeepToRead } from '../../../../core/text/yaml/limits.ts';
import { readYamlText } from '../../../../core/text/yaml/yaml-text.ts';
import type { JsonValue } from '../../../../core/text/json/json.ts';
import type { Evaluation } from '../../evaluate/evaluation.ts';
import { BuiltinFault, EvaluationFault } from '../../evaluate/fault.ts';
import { isNumber, numberAsFloat } from '../../values/number.ts';
import { valueOfJson } from '../../values/json-value.ts';
import { valueText } from '../../values/value-text.ts';
import { RegoObject, RegoSet, type RegoValue } from '../../values/value.ts';
import { walk } from '../../values/walk-bound.ts';
import { isReadableBy, objectAt, textAt, wrongOperand, type Builtin, type BuiltinTable } from '../builtin.ts';
import { readJson } from './json-reader.ts';
import { jsonText, type JsonLayout } from './json-text.ts';

const layoutText = (options: RegoObject, key: string, fallback: string): string => {
  const value = options.get(key);
  if (value === undefined) return fallback;
  return typeof value === 'string' ? value : wrongOperand(2, 'object with texts', value);
};

/** Lines are broken when `pretty` says so, or when there is an indent or a prefix and `pretty` says nothing. */
const layoutOf = (options: RegoObject): JsonLayout | undefined => {
  for (const key of options.keys())
    if (typeof key !== 'string' || !['pretty', 'indent', 'prefix'].includes(key))
      throw new BuiltinFault(`operand 2 object contained unknown key ${valueText(key)}`, 'eval_type_error');
  const isPretty = options.get('pretty') ?? (options.has('indent') || options.has('prefix'));
  if (isPretty !== true) return undefined;
  return { prefix: layoutText(options, 'prefix', ''), indent: layoutText(options, 'indent', '\t') };
};

const paid = (ctx: Evaluation, text: string): string => {
  ctx.shared.budget.spend(1 + Math.floor(text.length / 64));
  return text;
};

/** How many steps of the budget pay for a character that is read. */
const stepsForReading = { json: 1 / 8, yaml: 2 };

/** Reads a text that was paid for: a template may read what is large for each of a thousand containers. */
const reading =
  (form: keyof typeof stepsForReading, read: Builtin): Builtin =>
  (args, ctx) => {
    const [text] = args;
    if (typeof text === 'string')
      ctx.shared.budget.spend(1 + Math.floor(text.length * stepsForReading[form]));
    return read(args, ctx);
  };

const toJson = (value: RegoValue): JsonValue => {
  walk(1);
  if (isNumber(value)) return numberAsFloat(value);
  if (value instanceof RegoSet) return value.sorted().map(toJson);
  if (value instanceof RegoObject)
    return Object.fromEntries(
      value.entries().map(([key, item]) => [typeof key === 'string' ? key : jsonText(key), toJson(item)]),
    );
  return Array.isArray(value)
    ? (value as readonly RegoValue[]).map(toJson)
    : (value as string | boolean | null);
};

/** Whether the first document, all that Go reads, is YAML and is refused here all the same: it must not be no value. */
const isRefusedHere = (text: string, why: string): boolean => {
  if (why === nestedTooDeep || why === tooDeepToRead) return true;
  const [first] = parseAllDocuments(text, { uniqueKeys: false, logLevel: 'silent' });
  return first === undefined || first.errors.length === 0;
};

const readYaml = (text: string): RegoValue => {
  const read = readYamlText(text);
  if (!read.ok) {
    const why = `yaml: ${read.error.why}`;
    throw isRefusedHere(text, read.error.why)
      ? new EvaluationFault('eval_builtin_error', why)
      : new BuiltinFault(why);
  }
  const [first] = read.value;
  return first === undefined ? null : valueOfJson(first.value, 'int64');
};

/** Policy Reference, "Encoding": JSON and YAML. */
export const documents: BuiltinTable = {
  'json.marshal': ([value = null], ctx) => paid(ctx, jsonText(value)),
  'json.marshal_with_options': (args, ctx) => {
    const [value = null] = args;
    const layout = layoutOf(objectAt(args, 2));
    return paid(ctx, (layout?.prefix ?? '') + jsonText(value, layout));
  },
  'json.unmarshal': reading('json', (args) => readJson(textAt(args, 1))),
  'json.is_valid': reading('json', isReadableBy(readJson)),
  'yaml.marshal': ([value = null], ctx) =>
    paid(ctx, stringify(toJson(value), { indentSeq: false, lineWidth: 0 })),
  'yaml.unmarshal': reading('yaml', (args) => readYaml(textAt(args, 1))),
  'yaml.is_valid': reading('yaml', isReadableBy(readYaml)),
};
