import type { RegistryFailure, RegistryStage } from '../../../evidence/ports.ts';
import { ok, type Result } from '../../../core/result.ts';
import type { Authorization, AuthContext } from './authorization.ts';
import { maxErrorBody, type ReceivedResponse, type Remark } from '../client/failure.ts';
import type { HttpResponse, RegistryHttp } from '../http/http.ts';
import { secretsToRedact } from '../network/redact.ts';

/** One request to a registry with one credential. */
export interface AuthorizedRequest extends AuthContext {
  /** `/v2/…`, with its query. */
  readonly path: string;
  readonly method: 'GET' | 'HEAD';
  readonly accept?: string;
  /** `bytes=100-` */
  readonly range?: string;
  /** See `HttpRequest.isBulk` of http.ts. */
  readonly isBulk?: true;
  readonly stage: RegistryStage;
}
export type AuthorizedResponse = Result<ReceivedResponse, RegistryFailure>;

export const isUnauthorized = (answer: AuthorizedResponse): boolean =>
  answer.ok && answer.value.response.status === 401;

export const withRemark = (received: ReceivedResponse, remark: Remark | undefined): ReceivedResponse =>
  received.remark !== undefined || remark === undefined ? received : { ...received, remark };

/**
 * Reads the body of a refusal into memory, so that the refusal gives its place at the registry back before a token is
 * requested there. If all places were held by refusals, each would wait for the others until the deadline.
 */
const buffered = async (response: HttpResponse): Promise<HttpResponse> => {
  const body = await response.read(maxErrorBody);
  return { ...response, read: () => Promise.resolve(body), discard: () => undefined };
};

/** Statuses that may not be final: a challenge, or a status behind which a registry hides its challenge. */
const mayBeChallenge = new Set([401, 403, 404]);

export const sendAuthorized = async (
  http: RegistryHttp,
  request: AuthorizedRequest,
  { header, realm, withheld }: Authorization,
): Promise<AuthorizedResponse> => {
  const { host, path, method, accept, range, stage, budget, credential, isBulk } = request;
  const answer = await http.send({
    host,
    target: path,
    method,
    headers: {
      'accept-encoding': 'identity',
      ...(accept !== undefined && { accept }),
      ...(range !== undefined && { range }),
      ...(header !== undefined && { authorization: header }),
    },
    stage,
    account: credential.key,
    signal: budget.signal,
    ...(budget.requester === undefined ? {} : { requester: budget.requester }),
    ...(budget.below === true ? { below: true } : {}),
    ...(isBulk === true ? { isBulk } : {}),
  });
  if (!answer.ok) return answer;
  const response = answer.value;
  return ok({
    response: mayBeChallenge.has(response.status) ? await buffered(response) : response,
    secrets: secretsToRedact(credential.secret, header),
    isWithheld: withheld !== undefined,
    ...(realm !== undefined && { realm }),
    ...(withheld !== undefined && { remark: withheld }),
  });
};
