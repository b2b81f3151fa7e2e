import { isJsonObject, type JsonObject, type JsonValue } from '../../core/text/json/json.ts';
import { parseJson } from '../../core/text/json/parse-json.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { CloudAnswer } from './cloud-http.ts';

const maxSecretLength = 64 * 1024;

/** Whether the text is visible ASCII, as a header allows. A line break in a token would add headers. */
export const isHeaderText = (text: string): boolean =>
  text !== '' && text.length <= maxSecretLength && !/[^\x21-\x7e]/.test(text);

/** Error codes of services. Their messages are not read: they may repeat secrets of the request. */
const errorCode = (document: JsonValue | undefined): string | undefined => {
  if (!isJsonObject(document)) return undefined;
  const [first] = Array.isArray(document['errors']) ? (document['errors'] as readonly JsonValue[]) : [];
  const candidates = [
    document['error'],
    document['__type'],
    document['code'],
    isJsonObject(first) ? first['code'] : undefined,
  ];
  return candidates.find((code) => typeof code === 'string' && /^[A-Za-z][\w.#]{0,47}$/.test(code)) as
    string | undefined;
};

/** `AAD answered 401 (invalid_client)` */
export const refusal = (step: string, { status, text }: CloudAnswer, code?: string): string => {
  const known = code ?? errorCode(parseJson(text));
  return `${step} answered ${String(status)}${known === undefined ? '' : ` (${known})`}`;
};

/** The JSON object of an answer with status 200; every other answer is a failure. */
export const readDocument = (step: string, answer: CloudAnswer): Result<JsonObject, string> => {
  if (answer.status !== 200) return fail(refusal(step, answer));
  const document = parseJson(answer.text);
  return isJsonObject(document) ? ok(document) : fail(`${step} answered with what is no JSON object`);
};

/** A token or a key of a document. */
export const readSecret = (step: string, document: JsonObject, field: string): Result<string, string> => {
  const value = document[field];
  return typeof value === 'string' && isHeaderText(value)
    ? ok(value)
    : fail(`${step} answered without a usable ${field}`);
};

export const formHeaders: Readonly<Record<string, string>> = {
  'content-type': 'application/x-www-form-urlencoded',
  accept: 'application/json',
};
