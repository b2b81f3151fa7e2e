import { createLruCache } from '../../../concurrency/cache/lru-cache.ts';
import type { AuthContext } from './authorization.ts';
import type { OfferedSchemes } from './auth-scheme.ts';

/** The scheme that a registry accepted, among those that it offered. */
interface AcceptedScheme {
  readonly offered: OfferedSchemes;
  /** Index in the result of `usableSchemes`. */
  readonly at: number;
}

/**
 * The schemes by which logins were accepted. The cache saves the request that would be refused, and decides nothing. It keeps
 * only schemes that a registry accepted.
 */
export interface LoginCache {
  get(context: AuthContext): AcceptedScheme | undefined;
  set(context: AuthContext, accepted: AcceptedScheme): void;
}

const maxLogins = 4096;

const accountOf = ({ host, repository, credential }: AuthContext): string =>
  JSON.stringify([host, repository ?? '', credential.key]);

export const createLoginCache = (): LoginCache => {
  const accepted = createLruCache<AcceptedScheme>({ entries: maxLogins });
  return {
    get: (context) => accepted.get(accountOf(context)) ?? accepted.get(context.host),
    set: (context, { offered, at }) => {
      accepted.set(context.host, { offered, at: 0 });
      // Most registries accept the first scheme from everybody.
      if (at > 0) accepted.set(accountOf(context), { offered, at });
      else accepted.delete(accountOf(context));
    },
  };
};
