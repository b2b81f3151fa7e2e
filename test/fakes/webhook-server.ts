import { readFileSync } from 'node:fs';
import { connect as connectHttp2, constants, type ClientHttp2Session } from 'node:http2';
import { request as requestHttp1, type Agent } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import type { Decision } from '../../src/core/decision/decision.ts';
import type { Finding } from '../../src/core/decision/finding.ts';
import type { RejectedRequest } from '../../src/adapters/webhook/admission/rejection.ts';
import type { WebhookHandlers, WebhookProblem } from '../../src/adapters/webhook/handlers.ts';
import {
  startWebhookServer,
  type WebhookServer,
  type WebhookServerOptions,
} from '../../src/adapters/webhook/server/server.ts';
import { unchangedObject } from '../../src/gate/mutation/mutation.ts';

/** Parts that the tests of this folder share: decisions by hand, a server with scripted handlers, clients. */

const fixtures = new URL('../fixtures/admission-reviews/', import.meta.url);
export const fixture = (name: string): string => readFileSync(new URL(name, fixtures), 'utf8').trim();

export const denyFinding = (more: Partial<Finding> = {}): Finding => ({
  policy: 'trusted-registries',
  check: 'registries',
  mode: 'Deny',
  path: 'spec.containers[0].image',
  code: 'registry-not-allowed',
  message: "image 'untrusted-registry/nginx' is not from an allowed registry",
  remedy: 'use an image from registry.example.com',
  ...more,
});

let made = 0;
export const decisionOf = (more: Partial<Decision> = {}): Decision => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'Decision',
  id: `test-${String(++made).padStart(6, '0')}`,
  time: '2026-11-20T00:00:00.000Z',
  source: 'admission',
  object: { apiVersion: 'v1', kind: 'Pod' },
  images: [],
  findings: [],
  allowed: true,
  warnings: [],
  exemptions: [],
  versions: { gate: 'test' },
  durations: { total: 0.1 },
  ...more,
});
export const denial = (more: Partial<Finding> = {}): Decision =>
  decisionOf({ allowed: false, findings: [denyFinding(more)] });

export const refusalDecision = (request: RejectedRequest): Decision =>
  denial({ policy: '', check: 'gate', code: request.code, message: request.message, remedy: request.remedy });

export interface TestGate {
  readonly server: WebhookServer;
  readonly answered: Decision[];
  readonly refused: RejectedRequest[];
  readonly problems: WebhookProblem[];
}

const clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** A server on a free port that allows everything unless told otherwise. */
export const startGate = async (
  options: Pick<WebhookServerOptions, 'certificate'> & Partial<WebhookServerOptions>,
  handlers: Partial<WebhookHandlers> = {},
): Promise<TestGate> => {
  const answered: Decision[] = [];
  const refused: RejectedRequest[] = [];
  const problems: WebhookProblem[] = [];
  const started = await startWebhookServer({
    listen: { host: '127.0.0.1', port: 0 },
    clock,
    onProblem: (problem) => problems.push(problem),
    ...options,
    handlers: {
      validate: () => decisionOf(),
      constraints: () => decisionOf(),
      mutate: () => unchangedObject,
      imageReview: () => decisionOf(),
      rejected: (request) => {
        refused.push(request);
        return refusalDecision(request);
      },
      answered: (decision) => answered.push(decision),
      ...handlers,
    },
  });
  if (!started.ok) throw new Error(started.error);
  return { server: started.value, answered, refused, problems };
};

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}
export interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}
export type Send = (sent: Sent) => Promise<Reply>;

/** Sends over HTTP/1.1, on a connection of its own unless an agent is given. */
export const http1 =
  (gate: TestGate, tls: SecureContextOptions, agent: Agent | false = false): Send =>
  ({ path = '/validate', method = 'POST', headers = {}, body = '' }) =>
    new Promise((resolve, reject) => {
      const { host, port } = gate.server.address;
      const options = {
        host,
        port,
        path,
        method,
        agent,
        ...tls,
        headers: {
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(body)),
          ...headers,
        },
      };
      const call = requestHttp1(options, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(pieces).toString(),
          });
        });
      });
      call.on('error', reject);
      call.end(body);
    });

export const http2Session = (gate: TestGate, tls: SecureContextOptions): ClientHttp2Session => {
  const session = connectHttp2(gate.server.url, tls);
  session.on('error', () => {});
  return session;
};

/** Sends as one stream of a session. */
export const overSession =
  (session: ClientHttp2Session): Send =>
  ({ path = '/validate', method = 'POST', headers = {}, body = '' }) =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':method': method, ':path': path, ...headers }, { endStream: false });
      const pieces: Buffer[] = [];
      let status = 0;
      let received: Readonly<Record<string, unknown>> = {};
      stream.on('response', (fields) => {
        status = Number(fields[constants.HTTP2_HEADER_STATUS]);
        received = fields;
      });
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.on('error', reject);
      stream.on('close', () =>
        resolve({ status, headers: received, text: Buffer.concat(pieces).toString() }),
      );
      stream.end(body);
    });

/** Sends over HTTP/2, on a session of its own. */
export const http2 =
  (gate: TestGate, tls: SecureContextOptions): Send =>
  async (sent) => {
    const session = http2Session(gate, tls);
    try {
      return await overSession(session)(sent);
    } finally {
      session.close();
    }
  };

export interface ReviewAnswer {
  readonly apiVersion: string;
  readonly kind: string;
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: {
      readonly code: number;
      readonly reason: string;
      readonly message: string;
      readonly details?: { readonly causes: readonly { reason: string; message: string; field?: string }[] };
    };
    readonly warnings?: readonly string[];
    readonly auditAnnotations: Readonly<Record<string, string>>;
  };
}
export const reviewAnswer = (text: string): ReviewAnswer => JSON.parse(text) as ReviewAnswer;
