import { readFileSync } from 'node:fs';
import { readJson } from '../../src/languages/rego/builtins/encoding/json-reader.ts';
import { jsonText } from '../../src/languages/rego/builtins/encoding/json-text.ts';
import type { EvaluationProblem } from '../../src/languages/rego/evaluate/fault.ts';
import { compileRego, type Asked, type Bindings, type Policy } from '../../src/languages/rego/policy.ts';
import { compareValues, RegoObject, RegoSet, type RegoValue } from '../../src/languages/rego/values/value.ts';

/** One line of OPA's own cases: modules, a query, what it is asked about, and what must come of it. */
export interface OpaCase {
  readonly folder: string;
  readonly note: string;
  /** Why it failed; `undefined`: it did not. */
  readonly run: () => string | undefined;
}

const surroundings = { now: 1_700_000_000_000_000_000n, seed: 'conformance' };

const textIn = (line: RegoObject, field: string): string | undefined => {
  const value = line.get(field);
  return typeof value === 'string' ? value : undefined;
};

const sorted = (value: RegoValue): RegoValue =>
  Array.isArray(value) ? [...(value as readonly RegoValue[])].sort(compareValues) : value;

/** A value as the cases have it: sets are arrays. */
const plain = (value: RegoValue): RegoValue => {
  if (value instanceof RegoSet) return value.sorted().map(plain);
  if (value instanceof RegoObject) return readJson(jsonText(value));
  return Array.isArray(value) ? (value as readonly RegoValue[]).map(plain) : value;
};

const shown = (bindings: readonly Bindings[], isSorted: boolean): RegoValue =>
  bindings.map((one) =>
    RegoObject.of(
      [...one]
        .filter(([name]) => !/^(?:_|\$|#)/.test(name))
        .map(([name, value]) => [name, isSorted ? sorted(plain(value)) : plain(value)] as const),
    ),
  );

const policyOf = (line: RegoObject): Policy | string => {
  const modules = (line.get('modules') ?? []) as readonly RegoValue[];
  const version = line.get('rego_version') === 'v0' ? 'v0' : 'v1';
  const sources = modules.map(
    (text, at) => ({ file: `module-${at}.rego`, text: text as string, version }) as const,
  );
  const compiled = compileRego(sources);
  if (compiled.ok) return compiled.value;
  return compiled.error.map(({ code, message, line: at }) => `${at}: ${code}: ${message}`).join('; ');
};

const inputOf = (line: RegoObject, policy: Policy): RegoValue | undefined => {
  const term = textIn(line, 'input_term');
  if (term === undefined) return line.get('input');
  const query = policy.query(`__input__ = ${term}`);
  const answer = query.ok ? query.value({ surroundings }) : undefined;
  return answer?.ok === true ? answer.value[0]?.get('__input__') : undefined;
};

const askedOf = (line: RegoObject, policy: Policy): Asked => {
  const data = line.get('data');
  const input = inputOf(line, policy);
  return {
    surroundings,
    isStrict: line.get('strict_error') === true,
    ...(data instanceof RegoObject ? { data } : {}),
    ...(input === undefined ? {} : { input }),
  };
};

interface Wanted {
  readonly code: string | undefined;
  readonly text: string;
  readonly isFault: boolean;
  readonly isSorted: boolean;
  readonly bindings: readonly RegoValue[];
}

const wantedOf = (line: RegoObject): Wanted => {
  const isSorted = line.get('sort_bindings') === true;
  const bindings = (line.get('want_result') ?? []) as readonly RegoValue[];
  return {
    code: textIn(line, 'want_error_code'),
    text: textIn(line, 'want_error') ?? '',
    isFault: line.has('want_error_code') || line.has('want_error'),
    isSorted,
    bindings: bindings.map((one) =>
      one instanceof RegoObject && isSorted
        ? RegoObject.of(one.entries().map(([name, value]) => [name, sorted(value)] as const))
        : one,
    ),
  };
};

const judgedFault = ({ code, message }: EvaluationProblem, wanted: Wanted): string | undefined => {
  const isCode = wanted.code === undefined || code === wanted.code;
  // OPA says the file and the line of its own copy of the module first.
  const text = wanted.text.replace(/^test-\d+\.rego:\d+: /, '');
  if (wanted.isFault && isCode && `${code}: ${message}`.includes(text)) return undefined;
  return `${code}: ${message}, where ${wanted.code ?? 'a result'} ${wanted.text} is wanted`;
};

const judged = (line: RegoObject): string | undefined => {
  const policy = policyOf(line);
  const wanted = wantedOf(line);
  if (typeof policy === 'string')
    return wanted.code !== undefined && policy.includes(wanted.code) ? undefined : policy;
  const query = policy.query(textIn(line, 'query') ?? '');
  if (!query.ok) return `the query: ${query.error.code}: ${query.error.message}`;
  const answer = query.value(askedOf(line, policy));
  if (!answer.ok) return judgedFault(answer.error, wanted);
  if (wanted.isFault) return `an answer, where ${wanted.code ?? wanted.text} is wanted`;
  const got = shown(answer.value, wanted.isSorted);
  if (compareValues(sorted(got), sorted(wanted.bindings)) === 0) return undefined;
  return `${jsonText(got)}, where ${jsonText(wanted.bindings)} is wanted`;
};

/** Whether a file holds such lines. */
export const isOpaCases = (file: string): boolean => {
  if (!file.endsWith('.jsonl')) return false;
  const [first = ''] = readFileSync(file, 'utf8').split('\n', 1);
  return ['"note"', '"query"', '"modules"'].every((field) => first.includes(field));
};

export const opaCasesOf = (file: string): readonly OpaCase[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => {
      const line = readJson(text) as RegoObject;
      return {
        folder: textIn(line, 'folder') ?? '',
        note: textIn(line, 'note') ?? '',
        run: () => judged(line),
      };
    });
