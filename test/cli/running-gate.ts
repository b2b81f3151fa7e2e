import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import type { Decision } from '../../src/core/decision/decision.ts';
import { itemsOf } from './decision-list.ts';
import {
  eventually,
  folderWith,
  imagegate,
  start,
  type Ended,
  type Options,
  type Started,
} from './imagegate.ts';

/** An `AdmissionReview` answer: what the tests look at. */
export interface Answer {
  readonly httpStatus: number;
  readonly text: string;
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: { readonly message?: string };
    readonly warnings?: readonly string[];
  };
}

export interface RunningGate extends Started {
  readonly url: string;
  readonly admin: string;
  readonly data: string;
  readonly readyLine: string;
  /** `timeout`: seconds that the API server grants, by default 10. */
  post(review: object, headers?: Readonly<Record<string, string>>, timeout?: number): Promise<Answer>;
  readyz(): Promise<{ readonly status: number; readonly text: string }>;
  /** The record, newest first, once it holds at least `count` decisions. */
  recorded(count: number): Promise<readonly Decision[]>;
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

export const readyPattern = /^ready (https:\/\/127\.0\.0\.1:\d+) admin (http:\/\/127\.0\.0\.1:\d+)$/m;

/** `--listen` and `--admin` on free ports. */
export const freePorts = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'] as const;

const poster =
  (url: string, ca: string, agent: Agent): RunningGate['post'] =>
  (review, headers = {}, timeout = 10) =>
    new Promise((resolve, reject) => {
      const sent = request(
        `${url}/validate?timeout=${String(timeout)}s`,
        { method: 'POST', ca, agent, headers: { 'content-type': 'application/json', ...headers } },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('end', () => {
            const { response: verdict } = JSON.parse(text) as Pick<Answer, 'response'>;
            resolve({ httpStatus: response.statusCode ?? 0, text, response: verdict });
          });
        },
      );
      sent.on('error', reject);
      sent.end(JSON.stringify(review));
    });

/** Starts `serve` on free ports and waits for its ready line. */
export const startGate = async (
  policies: string,
  args: readonly string[] = [],
  options: Options & { readonly data?: string } = {},
): Promise<RunningGate> => {
  const data = options.data ?? folderWith();
  const started = start(['serve', '--policies', policies, '--data', data, ...freePorts, ...args], {
    ...options,
  });
  const ready = await eventually('the ready line', () => {
    if (started.child.exitCode !== null || started.child.signalCode !== null)
      throw new Error(`serve ended: ${started.stderr()}`);
    return readyPattern.exec(started.stdout()) ?? undefined;
  });
  const [readyLine, url = '', admin = ''] = ready;
  const agent = new Agent({ keepAlive: true });
  return {
    ...started,
    url,
    admin,
    data,
    readyLine,
    post: poster(url, readFileSync(join(data, 'tls', 'ca.crt'), 'utf8'), agent),
    readyz: async () => {
      const answer = await fetch(`${admin}/readyz`);
      return { status: answer.status, text: await answer.text() };
    },
    recorded: (count) =>
      eventually(`${count} decisions on record`, async () => {
        const asked = await imagegate(['decisions', '--data', data, '--limit', '100000', '-o', 'json']);
        // The thread of the store makes the file, and then the record in it, a moment after the start.
        if (/holds no decisions yet|no decisions are recorded in/.test(asked.stderr)) return undefined;
        const items = itemsOf(asked);
        return items.length >= count ? items : undefined;
      }),
    stop: (signal = 'SIGTERM') => {
      agent.destroy();
      started.child.kill(signal);
      return started.ended;
    },
  };
};

/** Refused for want of time: layers are not looked into yet, or somebody has not answered before the deadline. */
const isTooEarly = /is not looked into yet|deadline/;
/**
 * Sends a review again while it is refused for want of time, as a controller does: what looks into images gives way, and on a
 * busy machine it may need longer than a review has, and so may a registry.
 */
export const postUntilLookedInto = (gate: RunningGate, review: object): Promise<Answer> =>
  eventually('an image that was looked into', async () => {
    const answer = await gate.post(review);
    return isTooEarly.test(answer.response.status?.message ?? '') ? undefined : answer;
  });
