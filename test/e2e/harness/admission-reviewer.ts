import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';

/** The answer of a webhook, as far as the API server heeds it. */
export interface AdmissionAnswer {
  readonly allowed: boolean;
  readonly status?: { readonly code?: number; readonly reason?: string; readonly message?: string };
  readonly warnings?: readonly string[];
}

/** Asks a webhook, as the API server does. */
export interface Reviewer {
  /** @returns the answer to an AdmissionReview; anything but HTTP 200 is an error */
  readonly review: (review: object) => Promise<AdmissionAnswer>;
  readonly close: () => void;
}

/** @param ca - who signed the certificate of the webhook, as PEM */
export const createReviewer = (url: string, ca: string): Reviewer => {
  const agent = new Agent({ keepAlive: true });
  const headers = { 'content-type': 'application/json' };
  return {
    review: (review) =>
      new Promise((resolve, reject) => {
        const sent = request(url, { method: 'POST', ca, agent, headers }, (answer) => {
          text(answer).then((body) => {
            if (answer.statusCode !== 200) reject(new Error(`${url}: ${answer.statusCode} ${body}`));
            else resolve((JSON.parse(body) as { response: AdmissionAnswer }).response);
          }, reject);
        });
        sent.setTimeout(60_000, () => sent.destroy(new Error(`${url}: no answer within 60 s`)));
        sent.on('error', reject);
        sent.end(JSON.stringify(review));
      }),
    close: () => agent.destroy(),
  };
};
