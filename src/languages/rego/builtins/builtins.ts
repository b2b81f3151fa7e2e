import { EvaluationFault } from '../evaluate/fault.ts';
import { equalValues, compareValues, RegoObject, type RegoValue } from '../values/value.ts';
import type { Builtin, BuiltinTable } from './builtin.ts';
import { aggregates } from './collection/aggregates.ts';
import { arrays } from './collection/arrays.ts';
import { graphs } from './collection/graph.ts';
import { jsonPatch } from './collection/json-patch.ts';
import { jsonPaths } from './collection/json-paths.ts';
import { objects } from './collection/objects.ts';
import { sets } from './collection/sets.ts';
import { typeChecks } from './collection/type-checks.ts';
import { base64 } from './encoding/base64.ts';
import { documents } from './encoding/documents.ts';
import { urls } from './encoding/urls.ts';
import { cidrs } from './network/cidrs.ts';
import { arithmetic } from './number/arithmetic.ts';
import { bits } from './number/bits.ts';
import { digests } from './number/digest.ts';
import { numbers } from './number/numbers.ts';
import { units } from './number/units.ts';
import { builtinSignatures, isExcluded } from './signatures.ts';
import { globs } from './text/globs.ts';
import { regexes } from './text/regexes.ts';
import { semanticVersions } from './text/semver.ts';
import { formats } from './text/sprintf.ts';
import { strings } from './text/strings.ts';
import { uuids } from './text/uuids.ts';
import { times } from './time/times.ts';

const order =
  (test: (order: number) => boolean): Builtin =>
  ([one = null, other = null]: readonly RegoValue[]) =>
    test(compareValues(one, other));

/** Policy Reference, "Comparison"; and what says nothing here. */
const general: BuiltinTable = {
  eq: ([one = null, other = null]) => equalValues(one, other),
  equal: ([one = null, other = null]) => equalValues(one, other),
  neq: ([one = null, other = null]) => !equalValues(one, other),
  lt: order((sign) => sign < 0),
  lte: order((sign) => sign <= 0),
  gt: order((sign) => sign > 0),
  gte: order((sign) => sign >= 0),
  // Nothing of the machine that the gate runs on is told to a policy.
  'opa.runtime': () => new RegoObject(),
  trace: () => true,
  print: () => true,
  'internal.print': () => true,
  'internal.test_case': () => true,
};

const excluded = [...builtinSignatures.keys()].filter(isExcluded).map((name): readonly [string, Builtin] => [
  name,
  () => {
    throw new EvaluationFault('eval_builtin_error', `${name}: this builtin is not run here`);
  },
]);

const allOf = (...all: readonly BuiltinTable[]): readonly BuiltinTable[] => all;

const tables: readonly BuiltinTable[] = [
  ...allOf(general, arithmetic, numbers, bits, digests, units),
  ...allOf(aggregates, arrays, sets, objects, typeChecks, graphs, jsonPaths, jsonPatch),
  ...allOf(strings, formats, regexes, globs, semanticVersions, uuids),
  ...allOf(documents, base64, urls, cidrs, times),
];

/** Every builtin by its name; those that are known and never run end an evaluation. */
export const builtins: ReadonlyMap<string, Builtin> = new Map([
  ...excluded,
  ...tables.flatMap((table) => Object.entries(table)),
]);
