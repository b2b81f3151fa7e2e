import { isPath } from '../../../core/image/grammar.ts';

const maxScopeLength = 1024;
const maxScopes = 8;

/** A scope that is not `type:name:actions`, for instance `aws` of public.ecr.aws. */
const plainWord = /^[\w.-]{1,64}$/;
const repositoryType = /^repository(?:\([a-z]{1,32}\))?$/;

/** Whether one path is an alias of the other: `library/app` for `app`. An alias may add or leave out the front. */
const isAlias = (one: string, other: string): boolean =>
  one === other || one.endsWith(`/${other}`) || other.endsWith(`/${one}`);

/** `type:path` of a scope that reads a repository. */
const readOf = (scope: string): { readonly type: string; readonly path: string } | undefined => {
  const [type = '', path = '', actions = '', ...more] = scope.split(':');
  const isRead = more.length === 0 && repositoryType.test(type) && actions.split(',').includes('pull');
  return isRead && isPath(path) ? { type, path } : undefined;
};

const narrowed = (scope: string, ours: string | undefined, anyRepository: boolean): string | undefined => {
  if (anyRepository && plainWord.test(scope)) return scope;
  const read = readOf(scope);
  if (read === undefined) return undefined;
  const own = ours === undefined ? '' : (readOf(ours)?.path ?? '');
  return anyRepository || isAlias(read.path, own) ? `${read.type}:${read.path}:pull` : undefined;
};

/**
 * The part of the scope in a challenge that the gate requests with a login: the right to read, and no other. From a token
 * server on another host it requests only a scope that may be another name of this repository. Attack (B28): a registry that
 * was taken over names the repositories of its neighbour at the token server that both use, and gets tokens that read them.
 * @param ours - the scope of the repository that is read; absent: none
 * @param anyRepository - the token server is the registry itself, or is asked without a login
 * @returns undefined when no part of it is left
 */
export const readableScope = (
  text: string | undefined,
  { ours, anyRepository }: { readonly ours: string | undefined; readonly anyRepository: boolean },
): string | undefined => {
  if (text === undefined || text.length > maxScopeLength) return undefined;
  const scopes = text.split(' ').filter((scope) => scope !== '');
  if (scopes.length > maxScopes) return undefined;
  const kept = scopes
    .map((scope) => narrowed(scope, ours, anyRepository))
    .filter((scope) => scope !== undefined);
  return kept.length === 0 ? undefined : [...new Set(kept)].join(' ');
};
