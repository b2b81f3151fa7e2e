import { X509Certificate } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { caBundles, leafOf, normalPem } from '../harness/ca-bundles.ts';
import { createAuthority, day, type KeyedCertificate } from '../harness/certificates.ts';
import { freePort } from '../harness/free-port.ts';
import { clearGate, dataFolder, installGate, startGate, type Gate } from '../harness/gate.ts';
import { stageGate } from '../harness/gate-stage.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { badImage, dryRun, fence, goodImage, pod } from '../harness/policies.ts';
import { sharedCluster } from '../harness/shared-cluster.ts';

const review = {
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'forged',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    namespace: 'default',
    operation: 'CREATE',
    userInfo: { username: 'nobody' },
    object: pod('forged', goodImage),
  },
};

describe('a gate that knows its API server by certificate', () => {
  const { webhookClient } = sharedCluster();
  const stage = stageGate(['--client-ca', webhookClient.ca, '--client-name', webhookClient.name]);

  it('answers the API server (B38)', async () => {
    const namespace = await createNamespace(stage.cluster);
    await fence(stage.cluster, namespace);
    const run = (image: string) => stage.cluster.run(['-n', namespace, 'run', 'one', `--image=${image}`]);
    expect((await run(badImage)).stderr).toContain('registry-not-allowed');
    expect(await run(goodImage)).toMatchObject({ code: 0 });
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

describe('a CA on disk that is about to end', () => {
  const cluster = sharedCluster();
  let gate: Gate | undefined;
  afterAll(async () => {
    await clearGate(cluster);
    await gate?.stop();
  });

  it('has its successor trusted before a leaf of it is shown (R15)', async () => {
    await clearGate(cluster);
    const data = dataFolder(cluster);
    const authority = await createAuthority('imagegate-old', day);
    mkdirSync(join(data, 'tls'), { mode: 0o700 });
    writeFileSync(join(data, 'tls', 'ca.crt'), authority.certificate, { mode: 0o600 });
    writeFileSync(join(data, 'tls', 'ca.key'), authority.key, { mode: 0o600 });
    const port = await freePort();
    await installGate(cluster, `https://127.0.0.1:${port}`, data);
    gate = await startGate(cluster, { port, data });
    const bundle = (await caBundles(cluster))[0]!;
    expect(bundle).toContain(normalPem(authority.certificate));
    expect(bundle).toHaveLength(2);
    const leaf = await leafOf(gate);
    expect(bundle.some((ca) => leaf.checkIssued(new X509Certificate(ca)))).toBe(true);
    const namespace = await createNamespace(cluster);
    await fence(cluster, namespace);
    expect(await dryRun(cluster, namespace, goodImage)).toBe(true);
  });
});

/** Posts a review by hand; a handshake that fails is status 0. */
const post = (gate: Gate, client?: KeyedCertificate): Promise<{ status: number; body: string }> => {
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
    sent.end(JSON.stringify(review));
  });
};
