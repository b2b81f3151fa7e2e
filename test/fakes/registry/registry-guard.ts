import { type Answer, problem } from './registry-answer.ts';
import { type FakeAccounts, mayPull, readAuthorization, signIn } from './registry-account.ts';
import type { Arrival } from './registry-listener.ts';
import type { TokenIssuer } from './registry-token.ts';

export type RegistryAuth =
  | { readonly mode: 'none' }
  | { readonly mode: 'basic'; readonly accounts: FakeAccounts }
  | {
      readonly mode: 'bearer';
      readonly issuer: TokenIssuer;
      readonly realm: string;
      readonly service: string;
    };

const unauthorized = (challenge: string): Answer =>
  problem(401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': challenge });
const denied = (): Answer => problem(403, 'DENIED', 'requested access to the resource is denied');

const basic = (accounts: FakeAccounts, { request }: Arrival, repository?: string): Answer | undefined => {
  const shown = readAuthorization(request);
  const user = signIn(accounts, shown);
  if (repository !== undefined && mayPull(accounts, user, repository)) return undefined;
  if (user === undefined) return unauthorized('Basic realm="the double"');
  return repository === undefined ? undefined : denied();
};

const bearer = (
  { issuer, realm, service }: Extract<RegistryAuth, { mode: 'bearer' }>,
  { request }: Arrival,
  repository?: string,
): Answer | undefined => {
  const { token } = readAuthorization(request);
  const verdict = token === undefined ? 'unknown' : issuer.check(token, repository);
  if (verdict === 'good') return undefined;
  const scope = repository === undefined ? '' : `,scope="repository:${repository}:pull"`;
  const error =
    token === undefined ? '' : `,error="${verdict === 'unknown' ? 'invalid_token' : 'insufficient_scope'}"`;
  return unauthorized(`Bearer realm="${realm}",service="${service}"${scope}${error}`);
};

/** @returns why the request may not pass */
export const guard = (auth: RegistryAuth, arrival: Arrival, repository?: string): Answer | undefined => {
  if (auth.mode === 'none') return undefined;
  if (auth.mode === 'basic') return basic(auth.accounts, arrival, repository);
  return bearer(auth, arrival, repository);
};
