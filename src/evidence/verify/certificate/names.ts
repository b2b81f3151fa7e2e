import type { SubjectAltName } from '../../../core/facts/claim.ts';
import type { nameTypes } from '../../../core/policy/match/distinguished-name.ts';
import { oidOf, utf8Of, visibleAsciiOf } from '../der/der-values.ts';
import { derTag, type DerValue } from '../../../core/text/der.ts';
import { childrenOf, contextTag, readDer, sequenceOf, tagged } from '../der/der.ts';
import type { Certificate } from './certificate.ts';

const subjectAltName = '2.5.29.17';
/** The name that Fulcio gives to users of issuers without e-mail addresses. */
const fulcioUserName = '1.3.6.1.4.1.57264.1.7';
const maxNames = 32;

const kinds = [
  [contextTag(1, 'primitive'), 'email'],
  [contextTag(2, 'primitive'), 'dns'],
  [contextTag(6, 'primitive'), 'uri'],
] as const;
const otherName = contextTag(0, 'constructed');

const otherNameOf = (element: DerValue): string | undefined => {
  const [type, explicit, ...more] = childrenOf(element) ?? [];
  if (oidOf(type) !== fulcioUserName || explicit?.tag !== contextTag(0, 'constructed') || more.length > 0)
    return undefined;
  const [text, ...others] = childrenOf(explicit) ?? [];
  return others.length > 0 || text?.tag !== derTag.utf8String ? undefined : utf8Of(text.content);
};

const nameOf = (element: DerValue): SubjectAltName | undefined => {
  const kind = kinds.find(([tag]) => tag === element.tag)?.[1];
  const value = element.tag === otherName ? otherNameOf(element) : visibleAsciiOf(element.content);
  if (value === undefined || value === '') return undefined;
  if (element.tag === otherName) return { kind: 'other', value };
  return kind && { kind, value };
};

/**
 * The names of the holder.
 * @returns none where there are too many, or one that cannot be read; a name of another kind is such a one
 */
export const namesOf = ({ extensions }: Certificate): readonly SubjectAltName[] | undefined => {
  const extension = extensions.get(subjectAltName);
  if (extension === undefined) return [];
  const elements = sequenceOf(readDer(extension.value));
  if (elements === undefined || elements.length > maxNames) return undefined;
  const names = elements.map(nameOf).filter((name) => name !== undefined);
  return names.length === elements.length ? names : undefined;
};

/** The types that RFC 4514 has a short name for; others are written as their identifier. */
const shortNames: Readonly<Record<string, (typeof nameTypes)[number]>> = {
  '2.5.4.3': 'CN',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.6': 'C',
  '2.5.4.9': 'STREET',
  '0.9.2342.19200300.100.1.25': 'DC',
  '0.9.2342.19200300.100.1.1': 'UID',
};
const textTags: readonly number[] = [derTag.utf8String, derTag.printableString, derTag.ia5String];

/** RFC 4514, section 2.4. */
const escapeValue = (text: string): string =>
  text.replace(/["+,;<>\\]|^[ #]| $/g, (character) => `\\${character}`).replaceAll('\0', '\\00');

const attributeOf = (element: DerValue): string | undefined => {
  const [type, value] = sequenceOf(element) ?? [];
  const oid = oidOf(type);
  if (oid === undefined || value === undefined) return undefined;
  const text = textTags.includes(value.tag) ? utf8Of(value.content) : undefined;
  const short = shortNames[oid];
  return short === undefined || text === undefined
    ? `${oid}=#${Buffer.from(value.bytes).toString('hex')}`
    : `${short}=${escapeValue(text)}`;
};

/** The distinguished name of the holder as RFC 4514 writes it, the most specific part first; none where it cannot be read. */
export const distinguishedNameOf = ({ subject }: Certificate): string | undefined => {
  const parts = (sequenceOf(readDer(subject)) ?? []).map((element) =>
    childrenOf(tagged(element, derTag.set))?.map(attributeOf),
  );
  const texts: string[] = [];
  for (const part of parts) {
    if (part === undefined || part.includes(undefined)) return undefined;
    texts.push(part.join('+'));
  }
  return texts.reverse().join(',');
};
