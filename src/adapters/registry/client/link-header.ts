import { fail, ok, type Result } from '../../../core/result.ts';

const maxLength = 8192;

const target = /[\s,]{0,64}<([^<>]{0,8192})>/y;
const parameter =
  /[ \t]{0,64};[ \t]{0,64}([!#$%&'*+.^_`|~0-9A-Za-z-]{1,256})[ \t]{0,64}(?:=[ \t]{0,64}(?:"([^"\\]{0,8192})"|([^\s";,]{1,8192})))?/y;
const separator = /[ \t]{0,64}(?:,|$)/y;

const matchAt = (pattern: RegExp, text: string, at: number): RegExpExecArray | undefined => {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
};

const isNext = (relations: string): boolean => relations.toLowerCase().split(/\s/).includes('next');

interface Link {
  readonly target: string;
  readonly isNext: boolean;
  /** Index at which the next link begins. */
  readonly end: number;
}

const readLink = (header: string, start: number): Link | undefined => {
  const found = matchAt(target, header, start);
  if (found === undefined) return undefined;
  let at = start + found[0].length;
  let relation: string | undefined;
  for (let part = matchAt(parameter, header, at); part; part = matchAt(parameter, header, at)) {
    at += part[0].length;
    // RFC 8288: the first `rel` counts.
    if (part[1]?.toLowerCase() === 'rel') relation ??= part[2] ?? part[3] ?? '';
  }
  const end = matchAt(separator, header, at);
  if (end === undefined) return undefined;
  return { target: found[1] ?? '', isNext: isNext(relation ?? ''), end: at + end[0].length };
};

/**
 * The target of `rel="next"` in a `Link` header, as the header has it.
 * @returns undefined when no link has `rel="next"`; an error when the header cannot be read
 * @see RFC 8288, section 3
 */
const nextLink = (header: string | undefined): Result<string | undefined, string> => {
  const text = header?.trim() ?? '';
  if (text.length > maxLength) return fail(`its Link is longer than ${maxLength} characters`);
  for (let at = 0; at < text.length;) {
    const link = readLink(text, at);
    if (link === undefined) return fail('its Link cannot be read');
    if (link.isNext) return ok(link.target);
    at = link.end;
  }
  return ok(undefined);
};

const parse = (text: string, base: URL): URL | undefined => {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
};

const decoded = (path: string): string | undefined => {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
};

/**
 * Path and query of the next page. It must have the origin and the path of this page; only the query may differ. Attack (B28): a
 * list goes on at another host or repository, which is then read with the token of this repository.
 * @param page - the URL of the page that had the header
 */
export const nextPage = (header: string | undefined, page: URL): Result<string | undefined, string> => {
  const link = nextLink(header);
  if (!link.ok || link.value === undefined) return link;
  const url = parse(link.value, page);
  if (url === undefined) return fail('its Link is no address');
  if (url.origin !== page.origin) return fail('its list goes on at another host');
  if (decoded(url.pathname) !== decoded(page.pathname)) return fail('its list goes on somewhere else');
  return ok(`${url.pathname}${url.search}`);
};
