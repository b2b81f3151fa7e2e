import { fail, ok, type Result } from '../../result.ts';

/** The types of attributes that are written with a short name in RFC 4514, section 3. Of a certificate, no others are compared. */
export const nameTypes = ['CN', 'L', 'ST', 'O', 'OU', 'C', 'STREET', 'DC', 'UID'] as const;
const isNameType = (type: string): boolean => (nameTypes as readonly string[]).includes(type);

/** One attribute of a distinguished name. */
interface NameAttribute {
  /** In upper case: `CN`. */
  readonly type: string;
  readonly value: string;
}

/** Longer names match nothing (R24). */
const maxNameLength = 4096;
const attributeType = /^[A-Za-z][A-Za-z0-9-]{0,31}$|^[0-9.]{3,64}$/;
const hexPair = /^[0-9A-Fa-f]{2}$/;
/** What a backslash takes its meaning from (RFC 4514, section 2.4). */
const escapable = '",;+<>\\ #=';

/** A character, and whether a backslash stood before it. */
interface Unit {
  readonly text: string;
  readonly escaped: boolean;
}

/** @returns `undefined`: a backslash stands before something that needs none */
const unitsOf = (text: string): readonly Unit[] | undefined => {
  const units: Unit[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character !== '\\') {
      units.push({ text: character, escaped: false });
      continue;
    }
    const pair = text.slice(at + 1, at + 3);
    const next = pair[0] ?? '';
    if (next !== '' && escapable.includes(next)) {
      units.push({ text: next, escaped: true });
      at += 1;
    } else if (hexPair.test(pair) && parseInt(pair, 16) < 0x80) {
      units.push({ text: String.fromCharCode(parseInt(pair, 16)), escaped: true });
      at += 2;
    } else return undefined;
  }
  return units;
};

const isSpace = (unit: Unit | undefined): boolean => unit?.text === ' ' && !unit.escaped;

/** Spaces around a part are how people write; those that belong to it are escaped. */
const trimmed = (units: readonly Unit[]): readonly Unit[] => {
  let start = 0;
  let end = units.length;
  while (start < end && isSpace(units[start])) start += 1;
  while (end > start && isSpace(units[end - 1])) end -= 1;
  return units.slice(start, end);
};

const attributeOf = (units: readonly Unit[]): NameAttribute | undefined => {
  const equals = units.findIndex(({ text, escaped }) => text === '=' && !escaped);
  const textOf = (part: readonly Unit[]): string => part.map(({ text }) => text).join('');
  const type = textOf(trimmed(units.slice(0, equals)));
  const value = trimmed(units.slice(equals + 1));
  if (equals < 0 || !attributeType.test(type) || value.length === 0) return undefined;
  // Bytes of another type than text, or quotes: neither is the text that it looks like.
  if (value.some(({ text, escaped }) => !escaped && '"<>;'.includes(text))) return undefined;
  const isBytes = value[0]?.text === '#' && !value[0].escaped;
  return { type: type.toUpperCase(), value: isBytes ? `#${type}${textOf(value)}\0` : textOf(value) };
};

/** The attributes of a name, those of one part joined by `+` too. @returns `undefined`: it cannot be read */
const attributesOf = (name: string): readonly NameAttribute[] | undefined => {
  const units = name.length > maxNameLength ? undefined : unitsOf(name);
  if (units === undefined) return undefined;
  const parts: Unit[][] = [[]];
  for (const unit of units) {
    if (!unit.escaped && (unit.text === ',' || unit.text === '+')) parts.push([]);
    else parts.at(-1)?.push(unit);
  }
  const attributes = parts.map(attributeOf);
  return attributes.includes(undefined) ? undefined : attributes.filter((one) => one !== undefined);
};

/** Whether the distinguished name of a certificate has every attribute of another one. */
export type MatchesName = (subject: string) => boolean;

/** Attributes that say who somebody is, and not only where. */
const naming = ['CN', 'O', 'OU', 'UID'];

/** A type that stands for one that is compared, as other programs write it. */
const otherSpellings: Readonly<Record<string, string>> = {
  S: 'write ST',
  E: 'write an address as `subject`',
  EMAIL: 'write an address as `subject`',
  EMAILADDRESS: 'write an address as `subject`',
};
/** What is not compared could only ever refuse. */
const whyNotCompared = (type: string): string =>
  `names ${type}, which is not compared: ${Object.hasOwn(otherSpellings, type) ? (otherSpellings[type] ?? '') : `use ${nameTypes.join(', ')}`}`;

/**
 * A distinguished name as Notation writes identities, `C=DE, ST=BE, O=Acme`: a certificate fits that has each of these
 * attributes once, with exactly this value, and others beside them. Notation wants C, ST and O of each identity; here one
 * attribute that says who it is is enough, because certificates of other CAs lack some.
 * @see https://github.com/notaryproject/specifications/blob/main/specs/trust-store-trust-policy.md
 * @example
 * compileName('C=DE, O=Acme').value('CN=release,O=Acme,C=DE') // true
 * compileName('C=DE').ok // false
 */
export const compileName = (text: string): Result<MatchesName, string> => {
  const wanted = attributesOf(text);
  if (wanted === undefined)
    return fail(
      'must be attributes such as "C=DE, ST=BE, O=Acme"; a backslash stands before "," "+" and the like in a value',
    );
  const types = wanted.map(({ type }) => type);
  const other = types.find((type) => !isNameType(type));
  if (other !== undefined) return fail(whyNotCompared(other));
  const twice = types.find((type, at) => types.indexOf(type) < at);
  if (twice !== undefined) return fail(`names ${twice} twice`);
  if (wanted.some(({ value }) => value.startsWith('#') && value.endsWith('\0')))
    return fail('holds a value that is no text');
  if (!types.some((type) => naming.includes(type)))
    return fail(`names nobody: add one of ${naming.join(', ')}`);
  return ok((subject) => {
    const given = attributesOf(subject) ?? [];
    return wanted.every(({ type, value }) => {
      const same = given.filter((one) => one.type === type);
      // Attack: a second attribute of the type, which says something else.
      return same.length === 1 && same[0]?.value === value;
    });
  });
};
