import { createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeRegistryCertificate } from '../../fakes/registry/registry-certificate.ts';

export const githubIssuer = 'https://token.actions.githubusercontent.com';
export const gitlabIssuer = 'https://gitlab.com';
export const emailIssuer = 'https://accounts.google.com';
export const oidcIssuers = [githubIssuer, gitlabIssuer, emailIssuer] as const;
export type OidcIssuer = (typeof oidcIssuers)[number];

/** Issuers of the world, as a program sees them that reaches HTTPS by our proxy and trusts our authority. */
export interface RunningOidcIssuers {
  readonly proxyUrl: string;
  /** PEM. */
  readonly ca: string;
  /** A JSON web token for Sigstore. */
  token(issuer: OidcIssuer, claims: Readonly<Record<string, unknown>>): string;
  close(): Promise<void>;
}

/**
 * Answers for GitHub, GitLab and Google with keys of our own (OpenID Connect Discovery 1.0), so that Fulcio writes the
 * names of real issuers into its certificates. A proxy takes the place of DNS; no other host can be reached through it.
 */
export const startOidcIssuers = async (): Promise<RunningOidcIssuers> => {
  const hosts = oidcIssuers.map((issuer) => new URL(issuer).host);
  const { ca, cert, key } = await makeRegistryCertificate({ names: hosts });
  const keys = new Map(oidcIssuers.map((issuer) => [issuer as string, newKey()]));
  const issuers = createHttpsServer({ cert, key }, (request, response) => {
    const issuer = `https://${request.headers.host}`;
    const signer = keys.get(issuer);
    const answer = signer && documentOf(issuer, signer, request.url ?? '');
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? {}));
  });
  const proxy = createHttpServer((_request, response) => response.writeHead(403).end());
  proxy.on('connect', (request, socket, head) => {
    const [host] = (request.url ?? '').split(':');
    if (host === undefined || !hosts.includes(host)) {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (head.length > 0) socket.unshift(head);
    issuers.emit('connection', socket);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    proxyUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    ca,
    token: (issuer, claims) => tokenOf(issuer, keys.get(issuer)!, claims),
    close: async () => {
      issuers.closeAllConnections();
      proxy.closeAllConnections();
      proxy.close();
      await once(proxy, 'close');
    },
  };
};

const keyId = 'the tests';

/** cosign takes no other kind of token from its command line. */
const newKey = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

const documentOf = (issuer: string, key: KeyObject, path: string): object | undefined => {
  if (path === '/keys') {
    const jwk = createPublicKey(key).export({ format: 'jwk' });
    return { keys: [{ ...jwk, kid: keyId, use: 'sig', alg: 'RS256' }] };
  }
  if (path !== '/.well-known/openid-configuration') return undefined;
  return {
    issuer,
    jwks_uri: `${issuer}/keys`,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  };
};

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const tokenOf = (issuer: string, key: KeyObject, claims: Readonly<Record<string, unknown>>): string => {
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: issuer, aud: 'sigstore', iat: now, nbf: now - 10, exp: now + 300, ...claims };
  const text = `${part({ typ: 'JWT', alg: 'RS256', kid: keyId })}.${part({ jti: randomBytes(8).toString('hex'), ...all })}`;
  const signature = sign('sha256', Buffer.from(text), key);
  return `${text}.${signature.toString('base64url')}`;
};

/** Which workflow runs, and for which repository: what GitHub tells Sigstore of a job. */
export interface GithubJob {
  readonly repository: string;
  readonly ref: string;
  /** `OWNER/REPOSITORY/.github/workflows/FILE@REF` of the job itself: another one than the caller's where it is shared. */
  readonly jobWorkflow: string;
  /** Of the workflow that started it; the job's own unless told. */
  readonly workflow?: string;
  readonly runner?: 'github-hosted' | 'self-hosted';
  readonly event?: string;
}

/** @see https://docs.github.com/en/actions/reference/security/oidc */
export const githubClaims = (job: GithubJob): Readonly<Record<string, unknown>> => {
  const {
    repository,
    ref,
    jobWorkflow,
    workflow = jobWorkflow,
    runner = 'github-hosted',
    event = 'push',
  } = job;
  const [owner] = repository.split('/');
  return {
    sub: `repo:${repository}:ref:${ref}`,
    repository,
    repository_id: '1001',
    repository_owner: owner,
    repository_owner_id: '1000',
    repository_visibility: 'private',
    ref,
    sha: 'a'.repeat(40),
    event_name: event,
    workflow: 'release',
    workflow_ref: workflow,
    workflow_sha: 'b'.repeat(40),
    job_workflow_ref: jobWorkflow,
    job_workflow_sha: 'c'.repeat(40),
    run_id: '7',
    run_attempt: '1',
    runner_environment: runner,
  };
};

/** @see https://docs.gitlab.com/ci/secrets/id_token_authentication/ */
export const gitlabClaims = (project: string, tag: string): Readonly<Record<string, unknown>> => ({
  sub: `project_path:${project}:ref_type:tag:ref:${tag}`,
  project_path: project,
  project_id: '2001',
  project_visibility: 'private',
  namespace_path: project.slice(0, project.lastIndexOf('/')),
  namespace_id: '2000',
  ref: tag,
  ref_type: 'tag',
  ref_path: `refs/tags/${tag}`,
  sha: 'd'.repeat(40),
  pipeline_source: 'push',
  job_id: '8',
  runner_environment: 'gitlab-hosted',
  ci_config_ref_uri: `gitlab.com/${project}//.gitlab-ci.yml@refs/tags/${tag}`,
  ci_config_sha: 'e'.repeat(40),
});

export const emailClaims = (email: string): Readonly<Record<string, unknown>> => ({
  sub: '3001',
  email,
  email_verified: true,
});
