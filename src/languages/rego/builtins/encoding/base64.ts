import { BuiltinFault } from '../../evaluate/fault.ts';
import type { RegoValue } from '../../values/value.ts';
import { textAt, type BuiltinTable } from '../builtin.ts';
import { hexOfBytes } from '../../../../core/text/der.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const standard = `${letters}+/`;
const forUrls = `${letters}-_`;

const encoded = (text: string, alphabet: string, padding: string): string => {
  const bytes = encoder.encode(text);
  let out = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [first = 0, second, third] = bytes.slice(at, at + 3);
    const bits = (first << 16) | ((second ?? 0) << 8) | (third ?? 0);
    const signs = [18, 12, 6, 0].map((shift) => alphabet.charAt((bits >> shift) & 63));
    const kept = third === undefined ? (second === undefined ? 2 : 3) : 4;
    out += signs.slice(0, kept).join('') + padding.repeat(4 - kept);
  }
  return out;
};

/** The bytes that a text stands for; `undefined`: it is no base64. Line ends are skipped. */
const decoded = (text: string, alphabet: string, isPadded: boolean): string | undefined => {
  const whole = text.replace(/[\r\n]/g, '');
  const signs = isPadded ? whole.replace(/={1,2}$/, '') : whole;
  if ((isPadded && whole.length % 4 !== 0) || signs.length % 4 === 1) return undefined;
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  for (const sign of signs) {
    const value = alphabet.indexOf(sign);
    if (value < 0) return undefined;
    bits = ((bits << 6) | value) & 0xff_ff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push((bits >> count) & 0xff);
  }
  return decoder.decode(Uint8Array.from(bytes));
};

const decodedOrFault = (text: string): string => {
  const value = decoded(text, standard, true);
  if (value === undefined) throw new BuiltinFault('illegal base64 data');
  return value;
};

const decodedForUrls = (text: string): string => {
  const value = decoded(text, forUrls, text.endsWith('='));
  if (value === undefined) throw new BuiltinFault(`illegal base64url string: ${text}`);
  return value;
};

const unhexed = (text: string): string => {
  const [bad] = /[^0-9a-fA-F]/u.exec(text) ?? [];
  const code = bad?.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
  if (bad !== undefined) throw new BuiltinFault(`encoding/hex: invalid byte: U+${code} '${bad}'`);
  if (text.length % 2 !== 0) throw new BuiltinFault('encoding/hex: odd length hex string');
  const bytes = text.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [];
  return decoder.decode(Uint8Array.from(bytes));
};

const one = (convert: (text: string) => RegoValue) => (args: readonly RegoValue[]) =>
  convert(textAt(args, 1));

/** Policy Reference, "Encoding": base64 and hex. */
export const base64: BuiltinTable = {
  'base64.encode': one((text) => encoded(text, standard, '=')),
  'base64.decode': one(decodedOrFault),
  'base64.is_valid': ([text = null]) =>
    typeof text === 'string' && decoded(text, standard, true) !== undefined,
  'base64url.encode': one((text) => encoded(text, forUrls, '=')),
  'base64url.encode_no_pad': one((text) => encoded(text, forUrls, '')),
  'base64url.decode': one(decodedForUrls),
  'hex.encode': one((text) => hexOfBytes(encoder.encode(text))),
  'hex.decode': one(unhexed),
};
