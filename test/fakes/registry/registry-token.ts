import { randomBytes } from 'node:crypto';
import { type Answer, answer, json, send } from './registry-answer.ts';
import { type FakeAccounts, mayPull, readAuthorization, signIn } from './registry-account.ts';
import { type ArmFault, createArmedFaults } from './registry-fault.ts';
import { type Arrival, type Listener, type ListenOptions, listen } from './registry-listener.ts';

/** One call of a token server as it arrived. */
export interface TokenRequest {
  readonly method: string;
  readonly service: string;
  readonly scopes: readonly string[];
  /** `account` (GET) or `client_id` (POST). */
  readonly account: string;
  /** What it was shown; `password` is the grant of a POST. */
  readonly credentials: 'none' | 'basic' | 'password' | 'identity-token' | 'other';
  /** Who it was, when the credentials were right. */
  readonly user?: string;
  /** The repositories that the token opens. */
  readonly granted: readonly string[];
  readonly headers: Arrival['request']['headers'];
}
export interface TokenIssuerOptions extends FakeAccounts {
  /** Seconds, announced in `expires_in` (300); `null` leaves it out. */
  readonly expiresIn?: number | null;
  /** Makes the token; random unless told. */
  readonly mint?: (call: TokenRequest) => string;
  /** The field that holds the token; both unless told. */
  readonly field?: 'token' | 'access_token';
}

/** Gives out tokens and knows what each opens. */
export interface TokenIssuer {
  readonly requests: TokenRequest[];
  serve(arrival: Arrival): Answer;
  check(token: string, repository: string | undefined): 'good' | 'unknown' | 'insufficient';
  /** Tokens given out so far are no longer good, whatever was announced. */
  revoke(): void;
}

const repositoriesOf = (scopes: readonly string[]): string[] =>
  scopes.flatMap((scope) => {
    const [, repository, actions = ''] = scope.match(/^repository:(.+):([a-z,*]+)$/) ?? [];
    return repository !== undefined && actions.split(',').includes('pull') ? [repository] : [];
  });

type Caller = Pick<TokenRequest, 'credentials' | 'user'>;

const callerOfGet = (options: TokenIssuerOptions, { request }: Arrival): Caller => {
  const shown = readAuthorization(request);
  if (shown.kind === 'none') return { credentials: 'none' };
  if (shown.kind !== 'basic') return { credentials: 'other' };
  const user = signIn(options, shown);
  return { credentials: 'basic', ...(user !== undefined && { user }) };
};

/** Docker token specification, "OAuth2": the grants `refresh_token` and `password`. */
const callerOfPost = (options: TokenIssuerOptions, form: URLSearchParams): Caller => {
  if (form.get('grant_type') === 'password') {
    const user = signIn(options, {
      kind: 'basic',
      user: form.get('username') ?? '',
      password: form.get('password') ?? '',
    });
    return { credentials: 'password', ...(user !== undefined && { user }) };
  }
  if (form.get('grant_type') !== 'refresh_token') return { credentials: 'other' };
  const [user] =
    Object.entries(options.users ?? {}).find(
      ([, { identityToken }]) => identityToken !== undefined && identityToken === form.get('refresh_token'),
    ) ?? [];
  return { credentials: 'identity-token', ...(user !== undefined && { user }) };
};

const malformed = (form: URLSearchParams): string | undefined =>
  ['grant_type', 'service', 'client_id'].find((name) => (form.get(name) ?? '') === '');

const isRight = ({ credentials, user }: Caller): boolean => credentials === 'none' || user !== undefined;

const readCall = (options: TokenIssuerOptions, arrival: Arrival): TokenRequest => {
  const { request, url, body } = arrival;
  const post = request.method === 'POST';
  const form = post ? new URLSearchParams(body) : url.searchParams;
  const caller = post ? callerOfPost(options, form) : callerOfGet(options, arrival);
  const scopes = form.getAll('scope').flatMap((scope) => scope.split(' '));
  const open = repositoriesOf(scopes).filter((repository) => mayPull(options, caller.user, repository));
  return {
    ...caller,
    method: request.method ?? '',
    service: form.get('service') ?? '',
    scopes,
    account: form.get(post ? 'client_id' : 'account') ?? '',
    granted: isRight(caller) ? open : [],
    headers: request.headers,
  };
};

export const createTokenIssuer = (options: TokenIssuerOptions): TokenIssuer => {
  const requests: TokenRequest[] = [];
  const tokens = new Map<string, readonly string[]>();
  const mint = options.mint ?? (() => randomBytes(24).toString('base64url'));
  const issue = (call: TokenRequest): Answer => {
    const token = mint(call);
    tokens.set(token, call.granted);
    const { expiresIn = 300, field } = options;
    return json(200, {
      ...(field !== 'access_token' && { token }),
      ...(field !== 'token' && { access_token: token }),
      ...(expiresIn !== null && { expires_in: expiresIn }),
      issued_at: new Date().toISOString(),
    });
  };
  const serve = (arrival: Arrival): Answer => {
    const call = readCall(options, arrival);
    requests.push(call);
    if (call.method !== 'GET' && call.method !== 'POST') return answer(405);
    const missing = call.method === 'POST' ? malformed(new URLSearchParams(arrival.body)) : undefined;
    if (missing !== undefined) return json(400, { error: 'invalid_request', error_description: missing });
    return isRight(call) ? issue(call) : json(401, { details: 'incorrect username or password' });
  };
  return {
    requests,
    serve,
    check: (token, repository) => {
      const granted = tokens.get(token);
      if (granted === undefined) return 'unknown';
      return repository === undefined || granted.includes(repository) ? 'good' : 'insufficient';
    },
    revoke: () => tokens.clear(),
  };
};

export interface FakeTokenServer extends TokenIssuer, Listener {
  /** What goes into `WWW-Authenticate`. */
  readonly realm: string;
  readonly fault: ArmFault;
}

/** A token server of its own, on another origin than the registry. */
export const startFakeTokenServer = async (
  options: TokenIssuerOptions & ListenOptions = {},
): Promise<FakeTokenServer> => {
  const issuer = createTokenIssuer(options);
  const faults = createArmedFaults();
  const listener = await listen(options, async (arrival) => {
    const made = await faults.play(arrival, () =>
      arrival.url.pathname === '/token' ? issuer.serve(arrival) : answer(404),
    );
    if (made !== undefined) send(arrival.response, made);
  });
  return { ...issuer, ...listener, realm: `${listener.url}/token`, fault: faults.arm };
};
