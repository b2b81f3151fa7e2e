import { maxReferenceLength, maxRepositoryLength } from './grammar.ts';
import { dockerHub, namesHost, parseHost, type RegistryHost } from './registry-host.ts';
import { fail, ok, type Result } from '../result.ts';

/** A pattern taken apart; without a host it is `**` alone, which matches every image. */
interface PatternParts {
  readonly registry?: RegistryHost;
  readonly path: string;
}

/** `repair` is the text with this one problem mended; other problems may remain in it. */
interface SyntaxProblem {
  readonly why: string;
  readonly repair?: string;
}

type Rule = (text: string) => SyntaxProblem | undefined;

const firstOf = (text: string): string => text.slice(0, Math.max(text.indexOf('/'), 0));
const pathOf = (text: string): string => text.slice(text.indexOf('/') + 1);
const onHub = (text: string): string => `docker.io/${text.includes('/') ? '' : 'library/'}${text}`;

const length: Rule = (text) => {
  if (text === '') return { why: 'the pattern is empty' };
  if (text.length <= maxReferenceLength && pathOf(text).length <= maxRepositoryLength) return undefined;
  return {
    why: `the path of a pattern has at most ${maxRepositoryLength} characters, the whole ${maxReferenceLength}`,
  };
};

const characters: Rule = (text) => {
  if (/[\s\p{Cc}]/u.test(text)) {
    const repair = text.replace(/[\s\p{Cc}]+/gu, '');
    return { why: 'a pattern must not contain white space or control characters', repair };
  }
  if (/\P{ASCII}/u.test(text)) {
    return { why: 'a pattern must be plain ASCII: look-alike characters match nothing' };
  }
  if (!/[^A-Za-z0-9._\-/:*[\]@+]/.test(text)) return undefined;
  return { why: 'a pattern knows the wildcards * and ** only; ?, {a,b}, [a-z], ! and the like are refused' };
};

const scheme: Rule = (text) => {
  const at = text.indexOf('://');
  if (at < 0) return undefined;
  return { why: 'a pattern has no scheme: it starts with the registry host', repair: text.slice(at + 3) };
};

const digest: Rule = (text) => {
  const at = text.indexOf('@');
  if (at < 0) return undefined;
  const why = 'a pattern must not hold a digest: patterns match registry and repository';
  return { why, repair: text.slice(0, at) };
};

const emptyComponent: Rule = (text) => {
  const onlyHost = /^([^/]+)\/+$/.exec(text);
  if (onlyHost !== null) return { why: 'the pattern has no path', repair: `${onlyHost[1] ?? ''}/**` };
  if (!/^\/|\/$|\/\//.test(text)) return undefined;
  const repair = text.split('/').filter((component) => component !== '');
  return { why: 'the pattern has an empty component', repair: repair.join('/') };
};

/** In one pass: a pattern would look again at each of many stars that something follows (R24). */
const withoutStarsAtEnd = (text: string): string => {
  let end = text.length;
  while (text[end - 1] === '*') end -= 1;
  return text.slice(0, end);
};

const withoutSlash: Rule = (text) => {
  if (text.includes('/')) return undefined;
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  if (!text.includes('*') && (/[.[]/.test(name) || name === 'localhost')) {
    const path = parseHost(text)?.host === dockerHub.host ? 'library/**' : '**';
    return { why: 'the pattern has no path', repair: `${text}/${path}` };
  }
  // `registry.example.com*` is meant as everything of that registry.
  const host = withoutStarsAtEnd(name);
  if (/[.[]/.test(host) && namesHost(host)) return { why: 'the pattern has no path', repair: `${host}/**` };
  return { why: 'the pattern has no registry host', repair: onHub(name.toLowerCase()) };
};

const wildcardInHost: Rule = (text) => {
  const first = firstOf(text);
  if (!first.includes('*')) return undefined;
  const why =
    'a wildcard in the registry host would trust hosts that nobody named; write each host out, and a list that is needed ' +
    'in several places once: `allow: &ours [...]`, then `*ours`';
  if (first.includes('**') || !namesHost(first))
    return { why, repair: `registry.example.com/${pathOf(text)}` };
  const repair = first.replace(/:\*+$/, '').replace(/^\*+/, 'registry').replace(/\*+/g, '');
  return { why, repair: `${repair}/${pathOf(text)}` };
};

const host: Rule = (text) => {
  const first = firstOf(text);
  if (!namesHost(first)) return { why: 'the pattern has no registry host', repair: onHub(text) };
  if (parseHost(first) !== undefined) return undefined;
  return {
    why: 'the registry host is not valid: letters, digits, dashes and dots, then perhaps a colon and a port number',
  };
};

const tag: Rule = (text) => {
  const colon = text.indexOf(':', text.indexOf('/'));
  if (colon < 0) return undefined;
  const why =
    'a pattern must not hold a tag: patterns match registry and repository, the check tags matches tags';
  return { why, repair: text.slice(0, colon) };
};

const path: Rule = (text) => {
  const given = pathOf(text);
  if (/[A-Z]/.test(given)) {
    const repair = `${firstOf(text)}/${given.toLowerCase()}`;
    return { why: 'the path must be lower case: repositories never have upper case', repair };
  }
  if (/[[\]+]/.test(given))
    return { why: 'a path consists of a-z, 0-9, dots, underscores, dashes and wildcards' };
  const components = given.split('/');
  if (components.every((component) => component === '**' || !component.includes('**'))) return undefined;
  const repair = components.map((component) =>
    component === '**' ? component : component.replace(/\*+/g, '*'),
  );
  return {
    why: '** stands for whole components and must stand alone',
    repair: `${firstOf(text)}/${repair.join('/')}`,
  };
};

const library: Rule = (text) => {
  const name = pathOf(text);
  if (parseHost(firstOf(text))?.host !== dockerHub.host || name.includes('/') || name === '**')
    return undefined;
  const why = 'Docker Hub keeps its official images under library/, so this pattern would match nothing';
  return { why, repair: `docker.io/library/${name}` };
};

/** In the order in which they are reported: each may rely on those before it. */
const syntaxRules: readonly Rule[] = [
  length,
  characters,
  scheme,
  digest,
  emptyComponent,
  withoutSlash,
  wildcardInHost,
  host,
  tag,
  path,
  library,
];

const problemOf = (text: string): SyntaxProblem | undefined => {
  for (const rule of syntaxRules) {
    const problem = rule(text);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

/** Mends one problem after the other; undefined when one of them has no obvious cure. */
const repaired = (first: SyntaxProblem): string | undefined => {
  let text = first.repair;
  for (let round = 0; round < syntaxRules.length && text !== undefined; round += 1) {
    const problem = text === '**' ? undefined : problemOf(text);
    if (problem === undefined) return text;
    text = problem.repair;
  }
  return undefined;
};

export interface PatternProblem {
  readonly text: string;
  readonly why: string;
  /** A pattern that would be accepted and is probably what was meant. */
  readonly suggestion?: string;
}

export const parsePattern = (text: string): Result<PatternParts, PatternProblem> => {
  if (text === '**') return ok({ path: text });
  const problem = problemOf(text);
  if (problem !== undefined) {
    const suggestion = repaired(problem);
    return fail({ text, why: problem.why, ...(suggestion === undefined ? undefined : { suggestion }) });
  }
  const registry = parseHost(firstOf(text));
  return ok({ path: pathOf(text), ...(registry === undefined ? undefined : { registry }) });
};
