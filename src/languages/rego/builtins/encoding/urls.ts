import { beyondBound, BuiltinFault } from '../../evaluate/fault.ts';
import { RegoObject, RegoSet, type RegoValue } from '../../values/value.ts';
import { isReadableBy, objectAt, textAt, type BuiltinTable } from '../builtin.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** As Go escapes a part of a query: all but letters, digits and `-_.~`, a space as `+`. */
const escapedQuery = (text: string): string =>
  Array.from(encoder.encode(text), (byte) => {
    const sign = String.fromCharCode(byte);
    if (/[A-Za-z0-9\-_.~]/.test(sign)) return sign;
    return byte === 0x20 ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');

const badEscape = /%(?![0-9a-fA-F]{2}).{0,2}/;

const unescaped = (text: string, isQuery: boolean): string => {
  const bad = badEscape.exec(text)?.[0];
  if (bad !== undefined) throw new BuiltinFault(`invalid URL escape "${bad}"`);
  const bytes: number[] = [];
  const spaced = isQuery ? text.replaceAll('+', ' ') : text;
  for (let at = 0; at < spaced.length;) {
    if (spaced.charAt(at) === '%') {
      bytes.push(Number.parseInt(spaced.slice(at + 1, at + 3), 16));
      at += 3;
    } else {
      const end = spaced.indexOf('%', at);
      const stop = end < 0 ? spaced.length : end;
      for (const byte of encoder.encode(spaced.slice(at, stop))) bytes.push(byte);
      at = stop;
    }
  }
  return decoder.decode(Uint8Array.from(bytes));
};

const valuesOf = (value: RegoValue): readonly string[] => {
  const items =
    value instanceof RegoSet ? value.sorted() : Array.isArray(value) ? (value as RegoValue[]) : [value];
  return items.map((item) => {
    if (typeof item === 'string') return item;
    throw new BuiltinFault(
      'operand 1 values must be string, array[string], or set[string]',
      'eval_type_error',
    );
  });
};

const encodedObject = (args: readonly RegoValue[]): string =>
  objectAt(args, 1)
    .entries()
    .flatMap(([key, value]) => {
      if (typeof key !== 'string') throw new BuiltinFault('operand 1 keys must be string', 'eval_type_error');
      return valuesOf(value).map((item) => `${escapedQuery(key)}=${escapedQuery(item)}`);
    })
    .join('&');

const decodedObject = (args: readonly RegoValue[]): RegoValue => {
  const found = new Map<string, string[]>();
  for (const pair of textAt(args, 1).split('&')) {
    if (pair === '') continue;
    if (pair.includes(';')) throw new BuiltinFault('invalid semicolon separator in query');
    const at = pair.indexOf('=');
    const key = unescaped(at < 0 ? pair : pair.slice(0, at), true);
    const value = unescaped(at < 0 ? '' : pair.slice(at + 1), true);
    found.set(key, [...(found.get(key) ?? []), value]);
  }
  return RegoObject.of(found);
};

interface Authority {
  readonly hostname: string;
  readonly port: string;
}

const authorityOf = (text: string): Authority => {
  const host = text.slice(text.lastIndexOf('@') + 1);
  const [, bracketed, plain = '', port = ''] =
    /^(?:\[([^\]]{0,8192})\]|([^:[\]]{0,8192}))(?::(.{0,8192}))?$/s.exec(host) ?? [];
  if (bracketed === undefined && plain === '' && host !== '' && !host.startsWith(':'))
    throw new BuiltinFault(`parse "${text}": invalid host`);
  if (!/^\d{0,8192}$/.test(port))
    throw new BuiltinFault(`parse "${text}": invalid port ":${port}" after host`);
  if (/[ <>"]/.test(plain)) throw new BuiltinFault(`parse "${text}": invalid character in host name`);
  return { hostname: unescaped(bracketed ?? plain, false), port };
};

const pathEntries = (path: string): readonly (readonly [string, string])[] =>
  path === ''
    ? []
    : [
        ['path', unescaped(path, false)],
        ['raw_path', path],
      ];

/** A text up to a sign, and what stands behind it. */
const cutAt = (text: string, sign: string): readonly [string, string] => {
  const at = text.indexOf(sign);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
};

const schemeOf = (text: string): readonly [string, string] => {
  const [, scheme = '', rest = text] = /^([a-zA-Z][a-zA-Z0-9+.-]{0,8192}):(.{0,8192})$/s.exec(text) ?? [];
  if (scheme === '' && text.startsWith(':'))
    throw new BuiltinFault(`parse "${text}": missing protocol scheme`);
  if (scheme === '' && /^[^/?:]{0,8192}:/.test(text))
    throw new BuiltinFault(`parse "${text}": first path segment in URL cannot contain colon`);
  return [scheme.toLowerCase(), rest];
};

const maxUriLength = 8192;

/** The parts of a URL as Go's net/url takes it apart; those that are empty are left out. */
const parsedUri = (text: string): RegoObject => {
  if (text.length > maxUriLength) throw beyondBound(`a URL is over ${maxUriLength} characters`);
  if (/[\u0000-\u001f\u007f]/.test(text))
    throw new BuiltinFault('parse: net/url: invalid control character in URL');
  const [whole, fragment] = cutAt(text, '#');
  const [scheme, rest] = schemeOf(whole);
  const [before, query] = cutAt(rest, '?');
  const [, authority = '', path = before] = /^\/\/([^/]{0,8192})(.{0,8192})$/s.exec(before) ?? [];
  const { hostname, port } = authorityOf(authority);
  const isOpaque = scheme !== '' && !before.startsWith('/');
  const entries: readonly (readonly [string, string])[] = [
    ['scheme', scheme],
    ['hostname', hostname],
    ['port', port],
    ...(isOpaque ? [] : pathEntries(path)),
    ['raw_query', query],
    ['fragment', unescaped(fragment, false)],
  ];
  return RegoObject.of(entries.filter(([, value]) => value !== ''));
};

const isReadableUri = isReadableBy(parsedUri);

/** Policy Reference, "Encoding": queries and URIs. */
export const urls: BuiltinTable = {
  'urlquery.encode': (args) => escapedQuery(textAt(args, 1)),
  'urlquery.decode': (args) => unescaped(textAt(args, 1), true),
  'urlquery.encode_object': encodedObject,
  'urlquery.decode_object': decodedObject,
  'uri.parse': (args) => parsedUri(textAt(args, 1)),
  'uri.is_valid': (args) => args[0] !== '' && isReadableUri(args),
};
