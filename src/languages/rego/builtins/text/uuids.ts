import { BuiltinFault } from '../../evaluate/fault.ts';
import { numberFromBig } from '../../values/number.ts';
import { RegoObject, type Maybe, type RegoValue } from '../../values/value.ts';
import { textAt, type BuiltinTable } from '../builtin.ts';
import { hexOfBytes } from '../../../../core/text/der.ts';
import { seededBytes } from '../number/digest.ts';

const grouped = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');

/** The same UUID for the same key, as long as the seed is the same. */
const made = (seed: string, key: string): string => {
  const bytes = seededBytes(seed, `uuid.rfc4122 ${key}`).slice(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return grouped(hexOfBytes(bytes));
};

const dashed = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The 32 digits of a UUID in one of its four spellings. */
const digitsOf = (text: string): string | undefined => {
  const lower = text.toLowerCase();
  if (/^[0-9a-f]{32}$/.test(lower)) return lower;
  const bare = lower.length === 45 && lower.startsWith('urn:uuid:') ? lower.slice(9) : lower;
  const inner = bare.length === 38 ? bare.slice(1, -1) : bare;
  return dashed.test(inner) ? inner.replaceAll('-', '') : undefined;
};

const variantOf = (byte: number): string => {
  if ((byte & 0xc0) === 0x80) return 'RFC4122';
  if ((byte & 0xe0) === 0xc0) return 'Microsoft';
  return (byte & 0xe0) === 0xe0 ? 'Future' : 'Reserved';
};

const cast = ['global:unicast', 'global:multicast', 'local:unicast', 'local:multicast'];
const domains = ['Person', 'Group', 'Org'];

/** From the beginning of the Gregorian calendar to 1970, in steps of 100 ns. */
const gregorian = 122192928000000000n;

const timeEntries = (hex: string, version: number): readonly (readonly [string, RegoValue])[] => {
  const steps = BigInt(`0x${hex.slice(13, 16)}${hex.slice(8, 12)}${hex.slice(0, 8)}`) - gregorian;
  const first = Number.parseInt(hex.slice(20, 22), 16);
  const entries: (readonly [string, RegoValue])[] = [
    ['time', numberFromBig(steps * 100n)],
    ['nodeid', hex.slice(20).match(/../g)?.join('-') ?? ''],
    ['macvariables', cast[first & 3] ?? ''],
    ['clocksequence', Number.parseInt(hex.slice(16, 20), 16) & 0x3f_ff],
  ];
  if (version !== 2) return entries;
  const domain = Number.parseInt(hex.slice(18, 20), 16);
  return [
    ...entries,
    ['id', Number.parseInt(hex.slice(0, 8), 16)],
    ['domain', domains[domain] ?? `Domain${domain}`],
  ];
};

const parse = (args: readonly RegoValue[]): Maybe => {
  const hex = digitsOf(textAt(args, 1));
  if (hex === undefined) return undefined;
  const version = Number.parseInt(hex.charAt(12), 16);
  const variant = variantOf(Number.parseInt(hex.slice(16, 18), 16));
  const time = version === 1 || version === 2 ? timeEntries(hex, version) : [];
  return RegoObject.of([['version', version] as const, ['variant', variant] as const, ...time]);
};

/** Policy Reference, "UUID". */
export const uuids: BuiltinTable = {
  'uuid.rfc4122': (args, ctx) => {
    const { seed } = ctx.shared.surroundings;
    if (seed === '') throw new BuiltinFault('no seed');
    return made(seed, textAt(args, 1));
  },
  'uuid.parse': parse,
};
