import { fail, ok, type Result } from '../../core/result.ts';

const masked = '***';
const scheme = /^[a-z][-+.a-z\d]*:\/\//i;

/**
 * Reads the URL of a proxy: `http://proxy.example.com:3128`, with user and password if it asks for them; a host alone
 * is plain HTTP, as curl has it. Messages never repeat the text: it may hold a password.
 */
export const parseProxy = (text: string): Result<string, string> => {
  const refuse = (why: string): Result<never, string> =>
    fail(`${why}; write for example http://proxy.example.com:3128`);
  const url = URL.parse(scheme.test(text) ? text : `http://${text}`);
  if (url === null || url.hostname === '') return refuse('is no URL of a proxy');
  if (!['http:', 'https:'].includes(url.protocol)) {
    return refuse('names a kind of proxy that is not supported: only http and https are');
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return refuse('has a path or a query, which mean nothing for a proxy');
  }
  if (url.username === masked) {
    return fail(`has ${masked} for its user: --print-config masks user and password; write the real ones`);
  }
  return ok(url.href);
};

/** The URL without user and password. */
export const maskProxy = (proxy: string): string => {
  const url = URL.parse(proxy);
  if (url === null || (url.username === '' && url.password === '')) return proxy;
  url.username = masked;
  url.password = '';
  return url.href;
};

/**
 * Hosts that are reached without a proxy, as they stand in NO_PROXY: separated by commas or blanks. Other programs share
 * that variable, so an entry that means nothing to us (`<local>`) stays and matches nothing.
 */
export const parseNoProxy = (texts: readonly string[]): Result<readonly string[], string> => {
  const entries = texts.flatMap((text) => text.split(/[\s,]+/)).filter((entry) => entry !== '');
  if (entries.some((entry) => !/^[\u0021-\u007e]{1,255}$/.test(entry))) {
    return fail('holds characters that stand in no host name; write for example .example.com,10.0.0.0/8');
  }
  return ok([...new Set(entries.map((entry) => entry.toLowerCase()))]);
};
