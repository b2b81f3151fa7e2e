import { mkdtemp, rm, writeFile, mkdir, chmod } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAuthority } from '../../../../test/e2e/harness/certificates.ts';
import { type FakeApiServer, startApiServer } from '../../../../test/fakes/api-server/api-server.ts';
import { type ApiClient, createClient } from './client.ts';
import { connect } from './connection-options.ts';
import { printable } from './problem.ts';
import { namespacesResource, pathOf } from './resource.ts';

let api: FakeApiServer;
let directory: string;
const clients: ApiClient[] = [];
beforeEach(async () => {
  api = await startApiServer();
  directory = await mkdtemp(path.join(tmpdir(), 'imagegate-client-'));
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await api.close();
  await rm(directory, { recursive: true });
});

const file = async (name: string, text: string): Promise<string> => {
  const full = path.join(directory, name);
  await mkdir(path.dirname(full), { recursive: true });
  await writeFile(full, text);
  return full;
};
const clientFor = async (kubeconfig: string, callTimeout = 2000): Promise<ApiClient> => {
  const connection = await connect({ kubeconfig: await file('config', kubeconfig), environment: {} });
  if (!connection.ok) throw new Error(connection.error.message);
  const client = createClient(connection.value, { version: '9.9.9', callTimeout });
  clients.push(client);
  return client;
};
const never = new AbortController().signal;
const list = (client: ApiClient, signal = never) =>
  client.request({ verb: 'list', resource: namespacesResource }, signal);

describe('paths', () => {
  test.each([
    ['a core list', { resource: namespacesResource }, '/api/v1/namespaces'],
    [
      'a subresource in a namespace',
      {
        resource: { group: 'apps', version: 'v1', resource: 'deployments' },
        namespace: 'shop',
        name: 'web',
        subresource: 'status',
      },
      '/apis/apps/v1/namespaces/shop/deployments/web/status',
    ],
    [
      'a name cannot climb',
      { resource: namespacesResource, name: '../secrets' },
      '/api/v1/namespaces/..%2Fsecrets',
    ],
    ['two dots cannot climb', { resource: namespacesResource, name: '..' }, '/api/v1/namespaces/%2E%2E'],
  ])('%s', (_title, target, want) => expect(pathOf(target)).toBe(want));
});

describe('a call', () => {
  test('carries the token and the user agent, and keeps its connection', async () => {
    api.requireToken('s3cret-token');
    const client = await clientFor(api.kubeconfig({ token: 's3cret-token' }));
    expect(await list(client)).toMatchObject({ ok: true, value: { kind: 'NamespaceList' } });
    await list(client);
    expect(api.requests[0]?.headers['user-agent']).toBe('imagegate/9.9.9');
    expect(api.requests[1]?.headers.connection).toBe('keep-alive');
  });

  test('that RBAC refuses names the missing right', async () => {
    api.fault({ forbidden: true });
    expect(await list(await clientFor(api.kubeconfig()))).toMatchObject({
      error: {
        status: 403,
        reason: 'Forbidden',
        message: expect.stringMatching(
          /cannot list resource.*missing right: verb "list" on resource "namespaces" \(API group ""\) at cluster scope/,
        ) as string,
      },
    });
  });

  test('with wrong credentials asks for fresh ones once and then says what to do', async () => {
    api.requireToken('right');
    const answer = await list(await clientFor(api.kubeconfig({ token: 'wrong-s3cret' })));
    expect(answer).toMatchObject({
      error: { status: 401, message: expect.stringContaining('log in again') as string },
    });
    expect(api.requests).toHaveLength(2);
    expect(JSON.stringify(answer)).not.toContain('s3cret');
  });

  test('picks up a rotated token file after a 401', async () => {
    await file('token', 'first\n');
    api.requireToken('first');
    const client = await clientFor(api.kubeconfig({ tokenFile: 'token' }));
    expect(await list(client)).toMatchObject({ ok: true });
    await file('token', 'second\n');
    api.requireToken('second');
    expect(await list(client)).toMatchObject({ ok: true });
  });

  test('uses an exec plugin and tells it what it is for', async () => {
    const script = `printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"from-plugin"}}'; test -n "$KUBERNETES_EXEC_INFO"`;
    const plugin = await file('plugin', `#!/bin/sh\n${script}\n`);
    await chmod(plugin, 0o755);
    api.requireToken('from-plugin');
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' };
    expect(await list(await clientFor(api.kubeconfig({ exec })))).toMatchObject({ ok: true });
  });

  test('gives up on an exec plugin that hangs', async () => {
    const plugin = await file('plugin', '#!/bin/sh\nsleep 5\n');
    await chmod(plugin, 0o755);
    const client = await clientFor(api.kubeconfig({ exec: { command: plugin } }), 100);
    expect(await list(client)).toMatchObject({ error: { reason: 'Timeout' } });
  });

  test('never waits beyond its own timeout or its signal', async () => {
    api.fault({ hang: true });
    const client = await clientFor(api.kubeconfig(), 100);
    expect(await list(client)).toMatchObject({ error: { status: 0, reason: 'Timeout' } });
    expect(await list(client, AbortSignal.timeout(20))).toMatchObject({ error: { reason: 'Timeout' } });
    expect(await list(client, AbortSignal.abort())).toMatchObject({ error: { reason: 'Aborted' } });
    const watch = await client.stream({ verb: 'watch', resource: namespacesResource }, never);
    expect(watch).toMatchObject({ error: { reason: 'Timeout' } });
  });

  test('refuses answers beyond its cap, answers that are no JSON, and broken connections', async () => {
    for (let n = 0; n < 20; n++) api.put('namespaces', { metadata: { name: `n${n}` } });
    const client = await clientFor(api.kubeconfig());
    const call = { verb: 'list', resource: namespacesResource, maxBytes: 500 } as const;
    expect(await client.request(call, never)).toMatchObject({ error: { reason: 'TooLarge' } });
    api.fault({ badJson: true, times: 1 });
    expect(await list(client)).toMatchObject({ error: { reason: 'BadAnswer' } });
    api.fault({ cut: true, times: 1 });
    expect(await list(client)).toMatchObject({ error: { reason: 'Cut' } });
    api.fault({ answer: 429, retryAfter: 3, times: 1 });
    expect(await list(client)).toMatchObject({ error: { status: 429, retryAfter: 3000 } });
    expect(await list(client)).toMatchObject({ ok: true });
  });

  test('to a server that is away says so', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const text = api.kubeconfig().replace(api.url, `http://127.0.0.1:${port}`);
    expect(await list(await clientFor(text))).toMatchObject({
      error: {
        reason: 'Unreachable',
        message: expect.stringContaining('cannot reach the API server') as string,
      },
    });
  });
});

describe('TLS', () => {
  test('NODE_TLS_REJECT_UNAUTHORIZED shows the token to nobody', async () => {
    const authority = await createAuthority('test-ca');
    const leaf = await authority.issueServer('api', ['127.0.0.1']);
    const secure = await startApiServer({ tls: { key: leaf.key, cert: leaf.certificate } });
    const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env;
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const client = await clientFor(secure.kubeconfig({ token: 'secret' }, {}));
      expect(await list(client)).toMatchObject({ error: { reason: 'Tls' } });
      expect(secure.requests).toEqual([]);
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
      await secure.close();
    }
  });

  test('trusts the CA of the kubeconfig, shows the client certificate, refuses any other server', async () => {
    const authority = await createAuthority('test-ca');
    const leaf = await authority.issueServer('api', ['127.0.0.1']);
    const user = await authority.issueClient('dev');
    const secure = await startApiServer({
      tls: { key: leaf.key, cert: leaf.certificate, ca: authority.certificate },
    });
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const credentials = {
      'client-certificate-data': base64(user.certificate),
      'client-key-data': base64(user.key),
    };
    const trusted = { 'certificate-authority-data': base64(authority.certificate) };
    expect(await list(await clientFor(secure.kubeconfig(credentials, trusted)))).toMatchObject({ ok: true });
    const other = await createAuthority('other-ca');
    const wrong = { 'certificate-authority-data': base64(other.certificate) };
    expect(await list(await clientFor(secure.kubeconfig({}, wrong)))).toMatchObject({
      error: { reason: 'Tls', message: expect.stringContaining('certificate-authority') as string },
    });
    const insecure = { 'insecure-skip-tls-verify': true };
    expect(await list(await clientFor(secure.kubeconfig({}, insecure)))).toMatchObject({ ok: true });

    const account = path.join(directory, 'account');
    await file('account/token', 'projected\n');
    await file('account/ca.crt', authority.certificate);
    await file('account/namespace', 'imagegate-system');
    secure.requireToken('projected');
    const { hostname, port } = new URL(secure.url);
    const inside = await connect({
      environment: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
      serviceAccountDirectory: account,
    });
    if (!inside.ok) throw new Error(inside.error.message);
    const client = createClient(inside.value, { version: '1' });
    clients.push(client);
    expect(await list(client)).toMatchObject({ ok: true });
    expect(inside.value.namespace).toBe('imagegate-system');
    await file('account/token', 'rotated');
    secure.requireToken('rotated');
    expect(await list(client)).toMatchObject({ ok: true });
    await secure.close();
  });
});

describe('finding the cluster', () => {
  const reason = async (text: string, context?: string) => {
    const found = await connect({ kubeconfig: await file('config', text), context, environment: {} });
    return found.ok ? found.value.origin : found.error.message;
  };
  test('says what is wrong with a kubeconfig', async () => {
    expect(await reason(api.kubeconfig(), 'prod')).toMatch(/no context "prod" in .*; contexts there: fake/);
    expect(await reason('{{{')).toMatch(/cannot use the kubeconfig/);
    expect(await reason('')).toMatch(/cannot use the kubeconfig|no context/);
    expect(await reason(api.kubeconfig().replace(api.url, 'http://10.0.0.1:8080'))).toMatch(
      /is not HTTPS: refused/,
    );
    const absent = await connect({ kubeconfig: path.join(directory, 'absent'), environment: {} });
    expect(absent).toMatchObject({ error: { reason: 'Configuration' } });
    expect(await connect({ environment: {} })).toMatchObject({
      error: { message: expect.stringContaining('--kubeconfig') as string },
    });
  });

  test('merges the files of KUBECONFIG, the first one wins', async () => {
    const first = await file('a', api.kubeconfig());
    const second = await file('b', api.kubeconfig().replace(api.url, 'https://other:6443'));
    const found = await connect({ environment: { KUBECONFIG: `${first}${path.delimiter}${second}` } });
    expect(found).toMatchObject({ value: { server: { origin: api.url } } });
  });
});

test('texts of others lose credentials and control characters', () => {
  expect(printable('a\u001B[31m\nBearer abc.def-1 https://user:pw@host/x eyJhbGciOi.eyJzdWIi.c2ln')).toBe(
    'a [31m Bearer [redacted] https://[redacted]@host/x [redacted]',
  );
});
