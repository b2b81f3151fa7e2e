import type { ServerResponse } from 'node:http';

/** What the double would answer if no fault were armed. */
export interface Answer {
  readonly status: number;
  /** Lower-case names. `content-length` is added when it is sent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export const answer = (
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: string | Uint8Array = '',
): Answer => ({ status, headers, body: Buffer.from(body as Uint8Array) });

export const json = (
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer => answer(status, { 'content-type': 'application/json', ...headers }, JSON.stringify(value));

/** The error body of distribution-spec, "Error Codes". */
export const problem = (
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer => json(status, { errors: [{ code, message }] }, headers);

/** Sends it whole, a HEAD without its body. */
export const send = (response: ServerResponse, { status, headers, body }: Answer): void => {
  response.writeHead(status, { 'content-length': String(body.length), ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : body);
};
