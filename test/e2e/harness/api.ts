import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { parse } from 'yaml';
import type { User } from './kubeconfig.ts';

/** A Kubernetes object, as loose as the wire is. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: {
    name?: string;
    namespace?: string;
    uid?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    [key: string]: unknown;
  };
  // The tests read many kinds; what they expect of one is written in the test.
  [key: string]: unknown;
}
export interface ApiAnswer {
  readonly status: number;
  readonly body: KubeObject;
  /** `message` of a Status, else empty. */
  readonly message: string;
  /** The `Warning` headers. */
  readonly warnings: string;
}
export interface ApiOptions {
  readonly as?: User;
  readonly headers?: Readonly<Record<string, string>>;
}
/** A body that is a text is sent as it is. */
export type Api = (method: string, path: string, body?: unknown, options?: ApiOptions) => Promise<ApiAnswer>;

const patches = 'application/merge-patch+json';

/** Bare requests to the API server: nothing is validated, defaulted or retried on the way, unlike with kubectl. */
export const createApi = (server: string, kubeconfigs: Readonly<Record<User, string>>): Api => {
  const agents = new Map<User, Agent>();
  const agentOf = (user: User): Agent => {
    const known = agents.get(user) ?? new Agent({ keepAlive: true, ...credentials(kubeconfigs[user]) });
    agents.set(user, known);
    return known;
  };
  return (method, path, body, { as = 'admin', headers = {} } = {}) =>
    new Promise((resolve, reject) => {
      const sent = request(
        new URL(path, server),
        {
          method,
          agent: agentOf(as),
          headers: {
            accept: 'application/json',
            'content-type': method === 'PATCH' ? patches : 'application/json',
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const raw = Buffer.concat(chunks).toString('utf8');
            const answer = readJson(raw);
            resolve({
              status: response.statusCode ?? 0,
              body: answer,
              message:
                answer.kind === 'Status' && typeof answer['message'] === 'string' ? answer['message'] : '',
              warnings: response.headers['warning'] ?? '',
            });
          });
        },
      );
      sent.setTimeout(60_000, () => sent.destroy(new Error(`${method} ${path}: no answer within 60 s`)));
      sent.on('error', reject);
      sent.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body));
    });
};

const readJson = (raw: string): KubeObject => {
  try {
    return JSON.parse(raw) as KubeObject;
  } catch {
    return { kind: 'Status', message: raw };
  }
};

const credentials = (kubeconfig: string): { ca: Buffer; cert: Buffer; key: Buffer } => {
  const config = parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: [{ cluster: { 'certificate-authority-data': string } }];
    users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
  };
  const decode = (data: string) => Buffer.from(data, 'base64');
  const { user } = config.users[0];
  return {
    ca: decode(config.clusters[0].cluster['certificate-authority-data']),
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
  };
};
