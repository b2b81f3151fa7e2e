import { addressOf } from '../../../rego/builtins/network/ip-network.ts';

/** A text up to the first sign, and what stands behind it. */
const cutAt = (text: string, sign: string): readonly [string, string | undefined] => {
  const at = text.indexOf(sign);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
};

/** `http` of `http://host`; `''`: it has none; `undefined`: a colon stands where a scheme should. */
const schemeOf = (text: string): string | undefined => {
  const [scheme, rest] = cutAt(text, ':');
  if (scheme === '' && rest !== undefined) return undefined;
  const isScheme = rest !== undefined && /^[a-z]$/i.test(scheme.charAt(0)) && !/[^a-z\d+.-]/i.test(scheme);
  return isScheme ? scheme : '';
};

const hasBadEscape = (text: string): boolean => /%(?![\da-f]{2})/i.test(text);

/** In a host, `%` stands for characters beyond ASCII alone. */
const isHostText = (text: string): boolean =>
  !/[ #%/?@[\\^`{|}]/.test(text.replaceAll(/%[89a-f][\da-f]/gi, ''));

const isPort = (text: string): boolean =>
  text === '' || (text.startsWith(':') && !/[^\d]/.test(text.slice(1)));

const isHost = (host: string): boolean => {
  if (!host.startsWith('[')) {
    const colon = host.lastIndexOf(':');
    return isHostText(host) && (colon < 0 || (host.indexOf(':') === colon && isPort(host.slice(colon))));
  }
  const end = host.lastIndexOf(']');
  if (end < 0 || !isPort(host.slice(end + 1))) return false;
  // Behind `%25` stands a zone, which is written more freely.
  const [address] = cutAt(host.slice(1, end), '%25');
  return address.includes(':') && addressOf(address) !== undefined && !hasBadEscape(host);
};

const isUserInfo = (text: string): boolean =>
  !/[^a-z\d\-._:~!$&'()*+,;=%@]/i.test(text) && !hasBadEscape(text);

const isAuthority = (text: string): boolean => {
  const at = text.lastIndexOf('@');
  return isHost(text.slice(at + 1)) && (at < 0 || isUserInfo(text.slice(0, at)));
};

/**
 * Whether a text is a URI as a request names it: with a scheme, or an absolute path, and without a fragment (a `#` is part
 * of the path), as Go's `url.ParseRequestURI` reads it.
 */
export const isRequestUri = (text: string): boolean => {
  if (text === '' || /[\u0000-\u001f\u007f]/.test(text)) return false;
  if (text === '*') return true;
  const scheme = schemeOf(text);
  if (scheme === undefined) return false;
  const [rest] = cutAt(scheme === '' ? text : text.slice(scheme.length + 1), '?');
  if (!rest.startsWith('/')) return scheme !== '';
  if (scheme === '' || !rest.startsWith('//')) return !hasBadEscape(rest);
  const path = rest.indexOf('/', 2);
  const authority = rest.slice(2, path < 0 ? undefined : path);
  return isAuthority(authority) && (path < 0 || !hasBadEscape(rest.slice(path)));
};
