import { derTag, type DerValue } from '../../../core/text/der.ts';
import { tagged } from './der.ts';

/** Longest object identifier, in bytes of its content. */
const maxOid = 64;

/** An OBJECT IDENTIFIER in dots. */
export const oidOf = (element: DerValue | undefined): string | undefined => {
  const content = tagged(element, derTag.oid)?.content;
  if (content === undefined || content.length === 0 || content.length > maxOid) return undefined;
  const arcs: number[] = [];
  let arc = 0;
  for (const [at, byte] of content.entries()) {
    // An arc that begins with 0x80 would be a second way to write the same one.
    if (arc === 0 && byte === 0x80) return undefined;
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER / 128) return undefined;
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    } else if (at === content.length - 1) return undefined;
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join('.');
};

/** A small INTEGER that is not negative. */
export const integerOf = (element: DerValue | undefined): number | undefined => {
  const content = tagged(element, derTag.integer)?.content;
  if (content === undefined || content.length === 0 || content.length > 4) return undefined;
  const [first = 0, second = 0x80] = content;
  if (first >= 0x80 || (first === 0 && content.length > 1 && second < 0x80)) return undefined;
  return content.reduce((sum, byte) => sum * 256 + byte, 0);
};

export const booleanOf = (element: DerValue | undefined): boolean | undefined => {
  const content = tagged(element, derTag.boolean)?.content;
  if (content?.length !== 1) return undefined;
  if (content[0] === 0xff) return true;
  return content[0] === 0 ? false : undefined;
};

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Bytes as text of UTF-8; none where they are no such text. */
export const utf8Of = (bytes: Uint8Array): string | undefined => {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
};

const notVisibleAscii = /[^\x20-\x7e]/;
/** Bytes as visible ASCII. Attack: a name with a zero byte or a line break, which readers cut in different places. */
export const visibleAsciiOf = (bytes: Uint8Array): string | undefined => {
  const text = Buffer.from(bytes).toString('latin1');
  return notVisibleAscii.test(text) ? undefined : text;
};

const timePatterns: Readonly<Record<number, RegExp>> = {
  [derTag.utcTime]: /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/,
  [derTag.generalizedTime]: /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\.\d{1,9})?Z$/,
};

/** RFC 5280, section 4.1.2.5.1. */
const fourDigits = (year: string): string =>
  year.length === 4 ? year : `${Number(year) < 50 ? '20' : '19'}${year}`;

/**
 * UTCTime or GeneralizedTime in UTC with seconds, in milliseconds since 1970.
 * @see RFC 5280, section 4.1.2.5; RFC 3161, section 2.4.2, which allows fractions of seconds
 */
export const timeOf = (element: DerValue | undefined): number | undefined => {
  const text = element && visibleAsciiOf(element.content);
  const match = timePatterns[element?.tag ?? 0]?.exec(text ?? '');
  if (!match) return undefined;
  const [, year = '', month, day, hour, minute, second, fraction = ''] = match;
  const iso = `${fourDigits(year)}-${month}-${day}T${hour}:${minute}:${second}`;
  const time = Date.parse(`${iso}Z`);
  // A 31st of February becomes the third of March elsewhere.
  if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(iso)) return undefined;
  return time + Math.floor(Number(`0${fraction}`) * 1000);
};
