import { addressOf, networkOf } from '../../../rego/builtins/network/ip-network.ts';
import { isDay } from '../../../rego/builtins/time/civil-time.ts';
import { whenAsked } from '../../re2.ts';
import { isCreditCard, isIsbn10, isIsbn13 } from './check-digit.ts';
import { isDuration } from './duration.ts';
import { isEmailAddress } from './email.ts';
import { isRequestUri } from './request-uri.ts';

type IsOfFormat = (text: string) => boolean;

/** A longer text has none of the formats that are short for people. Attack: a text of a megabyte, gone through by each of a thousand rules. */
const maxLength = 64 * 1024;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** Letters and symbols of all scripts count, as browsers show them. */
const sign = String.raw`[a-zA-Z0-9\p{S}\p{L}]`;
const signOrDash = String.raw`[a-zA-Z0-9\-\p{S}\p{L}]`;
const hostnamePattern = whenAsked(
  String.raw`^(?:${sign}(?:-?${sign}{0,62})?|(?:${sign}(?:${signOrDash}{0,61}${sign})?\.)+[a-zA-Z\p{L}]{2,63})$`,
);
const isHostname: IsOfFormat = (text) =>
  bytesOf(text) <= 255 && text.split('.').every((label) => bytesOf(label) <= 63) && hostnamePattern(text);

/** Zeros before a number of IPv4 are let through, as Go did before 1.17. */
const withoutZeros = (text: string): string =>
  text.includes(':') ? text : text.replaceAll(/(^|\.)0{1,64}(?=\d)/g, '$1');

const isIpv4: IsOfFormat = (text) => text.includes('.') && addressOf(withoutZeros(text)) !== undefined;
const isIpv6: IsOfFormat = (text) => text.includes(':') && addressOf(text) !== undefined;
const isCidr: IsOfFormat = (text) => networkOf(withoutZeros(text)) !== undefined;

const macs = [6, 8, 20].flatMap((size) => [
  `[0-9a-f]{2}(?::[0-9a-f]{2}){${size - 1}}`,
  `[0-9a-f]{2}(?:-[0-9a-f]{2}){${size - 1}}`,
  String.raw`[0-9a-f]{4}(?:\.[0-9a-f]{4}){${size / 2 - 1}}`,
  `[0-9a-f]{${size * 2}}`,
]);

const uuid = (version: string, variant: string): IsOfFormat =>
  whenAsked(`(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}-?${variant}-?[0-9a-f]{12}$`);
const anyGroup = '[0-9a-f]{4}';

const isDate: IsOfFormat = (text) => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number);
  return isDay({ year, month, day });
};

const clock = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:.\d{1,65536})?(?:z|[+-]\d{2}:\d{2})$/u;

const isDateTime: IsOfFormat = (text) => {
  const [date = '', time = ''] = text.toLowerCase().split('t');
  return isDate(date) && clock.test(time);
};

const shortName = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
const shortNamePattern = whenAsked(`^${shortName}$`);
const longNamePattern = whenAsked(String.raw`^${shortName}(?:\.${shortName})*$`);

const colorPart = String.raw`\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*`;
/** Groups of four, the last one filled up with `=`. */
const isBase64: IsOfFormat = (text) =>
  text !== '' && text.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(text.replace(/={1,2}$/, ''));

/**
 * Formats of text that the API server holds values of custom resources to, by their names without hyphens.
 * @see https://github.com/kubernetes/kubernetes/blob/v1.36.0/staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/types_jsonschema.go
 */
const textFormats: ReadonlyMap<string, IsOfFormat> = new Map([
  ['bsonobjectid', whenAsked('^[0-9a-fA-F]{24}$')],
  ['uri', isRequestUri],
  ['email', isEmailAddress],
  ['hostname', isHostname],
  ['ipv4', isIpv4],
  ['ipv6', isIpv6],
  ['cidr', isCidr],
  ['mac', whenAsked(`(?i)^(?:${macs.join('|')})$`)],
  ['uuid', uuid(anyGroup, anyGroup)],
  ['uuid3', uuid('3[0-9a-f]{3}', anyGroup)],
  ['uuid4', uuid('4[0-9a-f]{3}', '[89ab][0-9a-f]{3}')],
  ['uuid5', uuid('5[0-9a-f]{3}', '[89ab][0-9a-f]{3}')],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', isCreditCard],
  ['ssn', whenAsked(String.raw`^\d{3}[- ]\d{2}[- ]\d{4}$`)],
  ['hexcolor', whenAsked('^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$')],
  ['rgbcolor', whenAsked(String.raw`^rgb\(${colorPart},${colorPart},${colorPart}\)$`)],
  ['byte', isBase64],
  ['password', () => true],
  ['date', isDate],
  ['duration', isDuration],
  ['datetime', isDateTime],
  ['k8sshortname', (text) => text.length <= 63 && shortNamePattern(text)],
  ['k8slongname', (text) => text.length <= 253 && longNamePattern(text)],
]);

const normal = (format: string): string => format.replaceAll('-', '');

/** Whether values are held to a format. */
export const isTextFormat = (format: string): boolean => textFormats.has(normal(format));

/** Formats of certificates and the like, which are looked at in no time: a refused constraint would refuse what it speaks of. */
const isLong = (name: string): boolean => name === 'byte' || name === 'password';

/** Whether a text is of a format; the API server holds nobody to a format that it does not know. */
export const isOfTextFormat = (format: string, text: string): boolean => {
  const name = normal(format);
  const isOfFormat = textFormats.get(name);
  return isOfFormat === undefined || ((text.length <= maxLength || isLong(name)) && isOfFormat(text));
};

const int32 = 2 ** 31;
const int64 = 2 ** 63;

/** Whether a number fits the bits of its type and format. What JavaScript cannot tell from the largest of them, it does. */
export const isOfNumberFormat = (type: string, format: string, value: number): boolean => {
  if (type === 'integer')
    return format === 'int32' ? value >= -int32 && value < int32 : Math.abs(value) <= int64;
  return type !== 'number' || format !== 'float' || Number.isFinite(Math.fround(value));
};
