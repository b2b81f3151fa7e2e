import { absent, unavailableBy } from '../../../core/facts/fact.ts';
import { shownBriefly, shownName } from '../../../core/text/shown-text.ts';
import { isJsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import { readJsonObject } from '../../../core/text/json/json-document.ts';
import type { RegistryAnswer, RegistryFailure, RegistryStage } from '../../../evidence/ports.ts';
import type { HttpResponse } from '../http/http.ts';
import { containsSecret } from '../network/redact.ts';

/** Host, step and object of a request, for the texts of its failures. */
export interface Subject {
  /** As the configuration names it. */
  readonly host: string;
  readonly stage: RegistryStage;
  /** `the manifest of team/app:1.2` */
  readonly what: string;
}

export const failureOf = (
  { host, stage }: Pick<Subject, 'host' | 'stage'>,
  kind: RegistryFailure['kind'],
  why: string,
): RegistryFailure => ({ kind, stage, host, why });

export const invalidAnswer = (subject: Subject, why: string): RegistryFailure =>
  failureOf(subject, 'invalid', `${subject.host} answered the question for ${subject.what}, but ${why}`);

/** An answer that lies or cannot be read. */
export const invalid = (subject: Subject, why: string): RegistryAnswer<never> =>
  unavailableBy(invalidAnswer(subject, why));
/** As {@link invalid}, for bytes that their pusher made wrong, so that another request changes nothing. */
export const corrupt = (subject: Subject, why: string): RegistryAnswer<never> =>
  unavailableBy({ ...invalidAnswer(subject, why), unreadable: true });
export const beyondLimit = (subject: Subject, why: string): RegistryAnswer<never> =>
  unavailableBy(failureOf(subject, 'limit', `${subject.what} of ${subject.host} was not read: ${why}`));

/** Most bytes of an error body that are read. Usual ones have a few hundred. */
export const maxErrorBody = 16 * 1024;
const maxErrorsShown = 2;
const maxMessageLength = 160;

const sayError = (error: JsonValue): string | undefined => {
  if (!isJsonObject(error)) return undefined;
  const parts = [error['code'], error['message']].filter((part) => typeof part === 'string');
  const said = parts.filter((part) => part !== '');
  return said.length === 0 ? undefined : said.join(': ');
};

/**
 * The explanation in the answer of the registry, ` (DENIED: …)`, made safe to show. It consumes the body.
 * @param secrets - secrets in the request; an explanation that repeats one of them is not shown
 */
export const explanationOf = async (response: HttpResponse, secrets: readonly string[]): Promise<string> => {
  if (response.headers['content-encoding'] !== undefined) {
    response.discard();
    return '';
  }
  const body = await response.read(maxErrorBody);
  const document = body.ok ? readJsonObject(body.value) : undefined;
  if (document?.ok !== true) return '';
  const { errors } = document.value;
  const said = (Array.isArray(errors) ? (errors as readonly JsonValue[]) : [])
    .slice(0, maxErrorsShown)
    .map(sayError);
  const texts = said.filter((text) => text !== undefined);
  if (texts.some((text) => containsSecret(text, secrets))) return ' (its message repeats a secret)';
  return texts.length === 0
    ? ''
    : ` (${texts.map((text) => shownBriefly(text, maxMessageLength)).join('; ')})`;
};

const kindOf = (status: number): RegistryFailure['kind'] => {
  if (status === 401 || status === 403) return 'denied';
  if (status === 429) return 'paced';
  return status === 408 || status >= 500 ? 'unreachable' : 'invalid';
};

const meaning: Readonly<Record<RegistryFailure['kind'], string>> = {
  denied: 'refused',
  unreachable: 'could not answer',
  paced: 'put off',
  busy: 'did not answer',
  invalid: 'did not answer',
  refused: 'did not answer',
  limit: 'did not answer',
  timeout: 'did not answer',
};

/** A response, and how it was requested. */
export interface ReceivedResponse {
  readonly response: HttpResponse;
  /** Texts of the request that must not be shown, see redact.ts. */
  readonly secrets: readonly string[];
  /** Added to the failure when the registry refuses. */
  readonly remark?: Remark;
  /** The token server that was asked, if there was one. */
  readonly realm?: string;
  /** The registry asked for the credential, and the gate did not show it. */
  readonly isWithheld: boolean;
}
/** Why the gate did not show its login, and what to do about it. */
export interface Remark {
  readonly why: string;
  readonly remedy: string;
}

/**
 * Adds the remark to a refusal. The remark comes first, so that a long text loses its end and not the cause. Neither names the
 * login, so two logins with the same password get the same failure (B29).
 */
export const because = (failure: RegistryFailure, remark: Remark | undefined): RegistryFailure =>
  remark === undefined || failure.kind !== 'denied'
    ? failure
    : { ...failure, why: `${remark.why}; ${failure.why}`, remedy: remark.remedy };

/**
 * The meaning of a status other than 200: 404 is absent (NAME_UNKNOWN, MANIFEST_UNKNOWN, BLOB_UNKNOWN), 401 and 403 are
 * denied, 429 is paced, 408 and 5xx are unreachable, all others are invalid. Only 5xx is excusable (R25). It consumes the
 * body.
 */
export const statusAnswer = async (
  { response, secrets, remark }: Pick<ReceivedResponse, 'response' | 'secrets' | 'remark'>,
  subject: Subject,
): Promise<RegistryAnswer<never>> => {
  if (response.status === 404) {
    response.discard();
    return absent;
  }
  const kind = kindOf(response.status);
  const said = await explanationOf(response, secrets);
  const why = `status ${response.status}${said}: ${shownName(subject.host)} ${meaning[kind]} the question for ${subject.what}`;
  const failure = because(failureOf(subject, kind, why), remark);
  return unavailableBy(response.status >= 500 ? { ...failure, excusable: true } : failure);
};
