import { beyondBound, BuiltinFault } from '../../evaluate/fault.ts';
import { quotedText } from '../../values/value-text.ts';
import type { RegoValue } from '../../values/value.ts';
import { textAt, type BuiltinTable } from '../builtin.ts';

const pattern =
  /^(\d{1,20})\.(\d{1,20})\.(\d{1,20})(?:-([0-9A-Za-z.-]{1,4096}))?(?:\+([0-9A-Za-z.-]{1,4096}))?$/;

const maxVersionLength = 4096;

interface Version {
  readonly numbers: readonly bigint[];
  readonly before: readonly string[];
}

const readVersion = (text: string): Version | undefined => {
  if (text.length > maxVersionLength && /^\d{1,20}\.\d{1,20}\.\d{1,20}[-+]/.test(text))
    throw beyondBound(`a version is over ${maxVersionLength} characters`);
  const found = pattern.exec(text);
  if (found === null) return undefined;
  const numbers = found.slice(1, 4).map((digits) => BigInt(digits));
  const before = found[4]?.split('.') ?? [];
  const isBad = numbers.some((number) => number > 9223372036854775807n);
  return isBad ? undefined : { numbers, before };
};

const versionAt = (args: readonly RegoValue[], at: number): Version => {
  const text = textAt(args, at);
  const version = readVersion(text);
  if (version === undefined)
    throw new BuiltinFault(`operand ${at}: string ${quotedText(text)} is not a valid SemVer`);
  return version;
};

const sign = (one: bigint | string | number, other: bigint | string | number): number =>
  one < other ? -1 : one > other ? 1 : 0;

const compareIdentifiers = (one: string, other: string): number => {
  const isNumeric = /^\d{1,4096}$/.test(one);
  const isOtherNumeric = /^\d{1,4096}$/.test(other);
  if (isNumeric && isOtherNumeric) return sign(BigInt(one), BigInt(other));
  return isNumeric === isOtherNumeric ? sign(one, other) : isNumeric ? -1 : 1;
};

const compareBefore = (one: readonly string[], other: readonly string[]): number => {
  if (one.length === 0 || other.length === 0)
    return sign(other.length, one.length) === 0 ? 0 : one.length === 0 ? 1 : -1;
  for (const [at, identifier] of one.entries()) {
    const there = other[at];
    if (there === undefined) return 1;
    const order = compareIdentifiers(identifier, there);
    if (order !== 0) return order;
  }
  return one.length < other.length ? -1 : 0;
};

const compare = (args: readonly RegoValue[]): RegoValue => {
  const one = versionAt(args, 1);
  const other = versionAt(args, 2);
  for (const [at, number] of one.numbers.entries()) {
    const order = sign(number, other.numbers[at] ?? 0n);
    if (order !== 0) return order;
  }
  return compareBefore(one.before, other.before);
};

/** Policy Reference, "Semantic Versions". */
export const semanticVersions: BuiltinTable = {
  'semver.compare': compare,
  'semver.is_valid': ([text = null]) => typeof text === 'string' && readVersion(text) !== undefined,
};
