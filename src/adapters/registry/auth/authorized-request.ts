import type { RegistryFailure, RegistryStage } from '../../../evidence/ports.ts';
import type { Pass, Visitor } from './authorization.ts';
import { type AskedAnswer, errorLimit, type Remark } from '../client/failure.ts';
import type { HttpResponse, RegistryHttp } from '../http/http.ts';
import { secretsToRedact } from '../network/redact.ts';

/** One request to a registry, in the name of a credential. */
export interface AuthorizedCall extends Visitor {
  /** `/v2/…`, with its query. */
  readonly path: string;
  readonly method: 'GET' | 'HEAD';
  readonly accept?: string;
  readonly stage: RegistryStage;
}
export interface Answered extends AskedAnswer {
  readonly ok: true;
  /** The token server, when one was asked. */
  readonly realm?: string;
  /** True when the credential was shown to nobody although it was asked for. */
  readonly isWithheld: boolean;
}
export type AuthorizedAnswer = Answered | { readonly ok: false; readonly failure: RegistryFailure };

export const isRefused = (answer: AuthorizedAnswer): answer is Answered =>
  answer.ok && answer.response.status === 401;

/** With what must be told beside the refusal. */
export const remarked = (answer: Answered, remark: Remark | undefined): Answered =>
  answer.remark !== undefined || remark === undefined ? answer : { ...answer, remark };

/**
 * A refusal whose body is in memory. It must not hold its place at the registry while we ask there for a token: when all
 * places are held so, each waits for the others until the deadline.
 */
const detached = async (response: HttpResponse): Promise<HttpResponse> => {
  const body = await response.read(errorLimit);
  return { ...response, read: () => Promise.resolve(body), discard: () => undefined };
};

/** What may not be the last answer: a challenge, or what hides that there is one. */
const mayGoOn = new Set([401, 403, 404]);

/** Sends a request with what it may show. */
export const sendWith = async (
  http: RegistryHttp,
  call: AuthorizedCall,
  { header, realm, withheld }: Pass,
): Promise<AuthorizedAnswer> => {
  const { host, path, method, accept, stage, budget, credential } = call;
  const answer = await http.send({
    host,
    target: path,
    method,
    headers: {
      'accept-encoding': 'identity',
      ...(accept !== undefined && { accept }),
      ...(header !== undefined && { authorization: header }),
    },
    stage,
    account: credential.key,
    signal: budget.signal,
    ...(budget.asker === undefined ? {} : { asker: budget.asker }),
    ...(budget.below === true ? { below: true } : {}),
  });
  if (!answer.ok) return answer;
  const { response } = answer;
  return {
    ok: true,
    response: mayGoOn.has(response.status) ? await detached(response) : response,
    secrets: secretsToRedact(credential.secret, header),
    isWithheld: withheld !== undefined,
    ...(realm !== undefined && { realm }),
    ...(withheld !== undefined && { remark: withheld }),
  };
};
