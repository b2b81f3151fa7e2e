import { isPath } from '../../../core/image/grammar.ts';

const maxScopeLength = 1024;
const maxScopes = 8;

/** A scope of a registry that does not write `type:name:actions`, `aws` at public.ecr.aws for instance. */
const plainWord = /^[\w.-]{1,64}$/;
const repositoryType = /^repository(?:\([a-z]{1,32}\))?$/;

/** `library/app` for `app`, or the other way round: an alias may add or leave out what stands in front. */
const isAlias = (one: string, other: string): boolean =>
  one === other || one.endsWith(`/${other}`) || other.endsWith(`/${one}`);

/** `type:path` of a scope that is about reading a repository. */
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
 * What of the scope in a challenge may be asked for with a login: reading, and nothing else. A token server on another
 * host is asked only for what may be another name of this repository. Attack (B28): a registry that was taken over names
 * the repositories of its neighbour at the token server that both use, and is handed tokens that read them.
 * @param ours - the scope of the repository that is read; absent: none
 * @param anyRepository - the token server is the registry itself, or is asked without a login
 * @returns undefined when nothing is left of it
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
