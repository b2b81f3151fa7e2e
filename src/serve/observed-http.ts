import type { HttpAnswer, RegistryHttp } from '../adapters/registry/http/http.ts';
import { systemClock } from '../concurrency/clock.ts';

/** `code`: the HTTP status, or the kind of failure. `milliseconds`: to the head of the answer. */
export type Asked = (asked: {
  readonly host: string;
  readonly code: string;
  readonly milliseconds: number;
}) => void;

/**
 * Statuses that registries are known to send. Others are counted by their class: a registry could invent statuses,
 * and labels, without limit.
 */
const usual = new Set([
  200, 202, 206, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 429, 500, 502, 503, 504,
]);

const codeOf = (answer: HttpAnswer): string => {
  if (!answer.ok) return answer.failure.kind;
  const { status } = answer.response;
  return usual.has(status) ? String(status) : `${String(Math.trunc(status / 100))}xx`;
};

/** Sends the same requests and reports each of them. */
export const observed = (http: RegistryHttp, onAsked: Asked): RegistryHttp => ({
  send: async (request) => {
    const began = systemClock.monotonic();
    const answer = await http.send(request);
    onAsked({ host: request.host, code: codeOf(answer), milliseconds: systemClock.monotonic() - began });
    return answer;
  },
  close: () => http.close(),
});
