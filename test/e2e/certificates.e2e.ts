import { X509Certificate } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from './api.ts';
import { createAuthority, DAY } from './certificates.ts';
import type { KeyedCertificate } from './certificates.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { clearGate, dataFolder, installGate, startGate } from './gate.ts';
import type { Gate } from './gate.ts';
import { stageGate } from './gate-stage.ts';
import { startLoad, unanswered, wrongAnswers } from './load.ts';
import { createNamespace } from './namespaces.ts';
import { BAD, fence, GOOD, pod } from './policies.ts';
import { sharedCluster } from './shared-cluster.ts';

const REVIEW = {
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'forged',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    namespace: 'default',
    operation: 'CREATE',
    userInfo: { username: 'nobody' },
    object: pod('forged', GOOD),
  },
};

describe('a gate that knows its API server by certificate', () => {
  const { webhookClient } = sharedCluster();
  const stage = stageGate(['--client-ca', webhookClient.ca, '--client-name', webhookClient.name]);

  it('answers the API server (B38)', async () => {
    const namespace = await createNamespace(stage.cluster);
    await fence(stage.cluster, namespace);
    const run = (image: string) => stage.cluster.run(['-n', namespace, 'run', 'one', `--image=${image}`]);
    expect((await run(BAD)).stderr).toContain('registry-not-allowed');
    expect(await run(GOOD)).toMatchObject({ code: 0 });
  });

  it.each<{ title: string; client: () => Promise<KeyedCertificate> | KeyedCertificate | undefined }>([
    { title: 'no certificate', client: () => undefined },
    {
      title: 'a certificate of another CA',
      client: async () => (await createAuthority('foreign')).issueClient(webhookClient.name),
    },
    { title: 'a certificate of that CA with another name', client: () => webhookClient.impostor },
  ])('turns away a caller with $title, without a verdict (B38)', async ({ client }) => {
    const answer = await post(stage.gate, await client());
    expect(answer.body).not.toContain('"allowed"');
    expect(answer.status).not.toBe(200);
  });
});

describe('a CA that is about to end', () => {
  const cluster = sharedCluster();
  let gate: Gate;
  let old: string;
  beforeAll(async () => {
    await clearGate(cluster);
    const data = dataFolder(cluster);
    const authority = await createAuthority('imagegate-old', DAY);
    old = authority.certificate;
    mkdirSync(join(data, 'tls'), { mode: 0o700 });
    writeFileSync(join(data, 'tls', 'ca.crt'), authority.certificate, { mode: 0o600 });
    writeFileSync(join(data, 'tls', 'ca.key'), authority.key, { mode: 0o600 });
    const port = await freePort();
    await installGate(cluster, `https://127.0.0.1:${port}`, data);
    gate = await startGate(cluster, { port, data });
  });
  afterAll(async () => {
    await clearGate(cluster);
    await gate.stop();
  });

  it('is replaced under load: beside the old one first, then used, and no good create is refused (R15)', async () => {
    const namespace = await createNamespace(cluster);
    await fence(cluster, namespace);
    const load = startLoad(cluster, namespace, 10);
    const bundles = await eventually(
      'a new CA beside the old one',
      async () => {
        const all = await caBundles();
        return all.every((bundle) => bundle.length >= 2 && bundle.includes(normal(old))) && all;
      },
      { within: 30_000 },
    );
    const fresh = bundles[0]!.find((certificate) => certificate !== normal(old))!;
    await eventually(
      'a leaf of the new CA',
      async () => (await leafOf(gate)).checkIssued(new X509Certificate(fresh)),
      { within: 30_000 },
    );
    await sleep(1_000);
    const creates = await load.end();
    expect(creates.length).toBeGreaterThan(50);
    expect(wrongAnswers(creates)).toEqual([]);
    expect(unanswered(creates)).toEqual([]);
  });

  async function caBundles(): Promise<string[][]> {
    const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
    const { body } = await cluster.api('GET', path);
    return (body['items'] as KubeObject[])
      .flatMap(({ webhooks }) => webhooks as { clientConfig: { caBundle: string } }[])
      .map(({ clientConfig }) => Buffer.from(clientConfig.caBundle, 'base64').toString('utf8'))
      .map((bundle) => (bundle.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).map(normal));
  }
});

function normal(pem: string): string {
  return new X509Certificate(pem).toString();
}

/** The certificate that the gate shows to somebody who calls now. */
function leafOf(gate: Gate): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    // Who signed it is the question here, so any is taken.
    const socket = connect({ host: '127.0.0.1', port: gate.port, rejectUnauthorized: false }, () => {
      const leaf = socket.getPeerX509Certificate();
      socket.destroy();
      if (leaf === undefined) reject(new Error('no certificate was shown'));
      else resolve(leaf);
    });
    socket.on('error', reject);
  });
}

/** Posts a review by hand; a handshake that fails is status 0. */
function post(gate: Gate, client?: KeyedCertificate): Promise<{ status: number; body: string }> {
  const credentials = client === undefined ? {} : { cert: client.certificate, key: client.key };
  return new Promise((resolve) => {
    const sent = request(
      `${gate.url}/validate?timeout=5s`,
      {
        method: 'POST',
        rejectUnauthorized: false,
        headers: { 'content-type': 'application/json' },
        ...credentials,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('error', () => resolve({ status: 0, body }));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    sent.on('error', (error) => resolve({ status: 0, body: error.message }));
    sent.end(JSON.stringify(REVIEW));
  });
}
