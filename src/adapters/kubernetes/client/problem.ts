import { isJsonObject, objectOf } from '../../../core/text/json/json.ts';
import type { ApiTarget, ApiVerb } from './resource.ts';
import { fail, messageOf } from '../../../core/result.ts';
import { cutMiddle } from '../../../core/text/cut-middle.ts';

/** Why a call to the API server gave no usable answer. Safe to log and to show: no credential is in it. */
export interface ApiProblem {
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** `Status.reason` of the server, or a local reason when there was no answer. */
  readonly reason: string;
  /** What happened and what to do about it. */
  readonly message: string;
  /** How long the server asks us to wait, in milliseconds. */
  readonly retryAfter?: number;
}

/** Local reasons, beside those of the API server. */
export type LocalReason =
  | 'Unreachable'
  | 'Tls'
  | 'Timeout'
  | 'Aborted'
  | 'TooLarge'
  | 'BadAnswer'
  | 'Cut'
  | 'Credentials'
  | 'Configuration';

export const localProblem = (reason: LocalReason, message: string): ApiProblem => ({
  status: 0,
  reason,
  message: printable(message),
});

/**
 * For background work: reports a throw, which is a defect, as a problem. Never throws itself, since an unhandled
 * rejection in a background loop would end the gate.
 */
export const tellThrown =
  (what: string, onProblem: ((problem: ApiProblem) => void) | undefined) =>
  (error: unknown): void => {
    try {
      onProblem?.(localProblem('BadAnswer', `${what} failed: ${String(error)}`));
    } catch {
      // The reporter itself throws, so nothing else can be done.
    }
  };

/** A user has to change something first. */
export const misconfigured = (message: string) => fail(localProblem('Configuration', message));

/** Worth trying again without any change on our side. */
export const isTransient = (problem: ApiProblem): boolean =>
  problem.status === 429 ||
  problem.status >= 500 ||
  (problem.status === 0 && problem.reason !== 'Configuration' && problem.reason !== 'TooLarge');

/** How much of a text is read. */
const maxReadLength = 2048;

/** Text from elsewhere: no control characters, no credentials, at most 512 characters. */
export const printable = (text: string): string => {
  // Cut first: a token in it may have been written as often as there is room (R24).
  const clean = text
    .slice(0, maxReadLength)
    .replaceAll(/\p{Cc}/gu, ' ')
    .replaceAll(/\b(Bearer|Basic)\s{1,8}[\w.~+/=-]{1,2048}/gi, '$1 [redacted]')
    .replaceAll(/\beyJ[\w-]{1,2048}\.[\w-]{1,2048}\.[\w-]{0,2048}/g, '[redacted]')
    .replaceAll(/\/\/[^/@\s]{1,2048}@/g, '//[redacted]@')
    .trim();
  return cutMiddle(clean, 512);
};

const tlsCodes =
  /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|EPROTO|HOSTNAME_MISMATCH|INVALID_CA)/;

/** A failed connection as a problem that says what to do. `server` is the address without credentials. */
export const connectionProblem = (error: unknown, server: string): ApiProblem => {
  const code = codeOf(error);
  const text = messageOf(error);
  if (tlsCodes.test(code)) {
    return localProblem(
      'Tls',
      `the certificate of the API server ${server} is not trusted or not accepted (${code}: ${text}); ` +
        'check certificate-authority, tls-server-name and the client certificate in the kubeconfig',
    );
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return localProblem('Cut', `the API server ${server} closed the connection (${code})`);
  }
  return localProblem(
    'Unreachable',
    `cannot reach the API server ${server} (${code === '' ? text : code}); ` +
      'is it running, is this the right context, and does a firewall or proxy stand between?',
  );
};

const codeOf = (error: unknown): string => {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const code = isJsonObject(error) ? error['code'] : undefined;
  return typeof code === 'string' ? code : '';
};

/** An answer with an error status as a problem; a 401 or 403 says which right or credential is missing. */
export const answerProblem = (
  answer: { readonly status: number; readonly body: unknown; readonly retryAfter: string | undefined },
  verb: ApiVerb,
  target: ApiTarget,
): ApiProblem => {
  const status = objectOf(answer.body);
  const said = typeof status['message'] === 'string' ? printable(status['message']) : '';
  const reason =
    typeof status['reason'] === 'string' && status['reason'] !== ''
      ? status['reason']
      : (statusReasons[answer.status] ?? 'Unknown');
  const seconds = Number(answer.retryAfter);
  const message = explain(answer.status, said, verb, target);
  return Number.isFinite(seconds) && seconds > 0
    ? { status: answer.status, reason, message, retryAfter: Math.min(seconds, 60) * 1000 }
    : { status: answer.status, reason, message };
};

const statusReasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};

const explain = (status: number, said: string, verb: ApiVerb, target: ApiTarget): string => {
  const server = said === '' ? `the API server answered ${status}` : said;
  if (status === 401) {
    return `${server}; the credentials are missing, wrong or expired: check the user of this context, or log in again`;
  }
  if (status === 403)
    return `${server}; missing right: ${missingRight(verb, target)}; \`imagegate manifests\` prints the roles`;
  return server;
};

const missingRight = (verb: ApiVerb, target: ApiTarget): string => {
  const { group, resource } = target.resource;
  const what = target.subresource === undefined ? resource : `${resource}/${target.subresource}`;
  const where = target.namespace === undefined ? 'at cluster scope' : `in namespace "${target.namespace}"`;
  const named = target.name === undefined ? '' : `, name "${target.name}"`;
  return `verb "${verb}" on resource "${what}" (API group "${group}"${named}) ${where}`;
};
