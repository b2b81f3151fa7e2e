import { beforeAll, describe, expect, it } from 'vitest';
import { readFile } from 'node:fs/promises';
import type { KubeObject } from '../harness/api.ts';
import { eventually } from '../harness/eventually.ts';
import { stageGate } from '../harness/gate-stage.ts';
import { recordedDecisions, type RecordedDecision } from '../harness/imagegate.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { badImage, fence, goodImage, pod } from '../harness/policies.ts';

const deniedText =
  'Error from server (Forbidden): admission webhook "validate.imagegate.dev" denied the request';

describe('one admission', () => {
  const stage = stageGate();
  let namespace: string;
  let policy: string;
  beforeAll(async () => {
    namespace = await createNamespace(stage.cluster);
    policy = await fence(stage.cluster, namespace);
  });

  const run = (...args: string[]) => stage.cluster.run(['-n', namespace, ...args]);
  const create = (object: KubeObject, headers: Record<string, string> = {}, query = '') =>
    stage.cluster.api('POST', `/api/v1/namespaces/${namespace}/pods${query}`, object, { headers });
  const onRecord = (name: string, also: (decision: RecordedDecision) => boolean = () => true) =>
    eventually(
      `the decision on ${name}`,
      async () =>
        (await recordedDecisions(stage.gate.data)).find(
          ({ object, ...rest }) =>
            object.namespace === namespace && object.name === name && also({ object, ...rest }),
        ),
      { within: 5_000 },
    );

  it("refuses document 004's own case in the words it expects, and exits 1", async () => {
    const refused = await run('run', 'nginx', '--image=untrusted-registry/nginx', '--port=80');
    expect(refused.code).toBe(1);
    expect(refused.stdout).toBe('');
    expect(refused.stderr.startsWith(deniedText)).toBe(true);
    const [first] = refused.stderr.split('\n');
    expect(first).toContain('untrusted-registry/nginx');
    expect(first).toContain(policy);
    expect(first).toContain('registry-not-allowed');
    expect((await run('get', 'pod', 'nginx')).stderr).toContain('NotFound');
  });

  it('has the refusal on record while it runs, under the id that the refusal names', async () => {
    const refused = await run('run', 'on-record', `--image=${badImage}`);
    const decision = await onRecord('on-record');
    expect(decision).toMatchObject({
      allowed: false,
      operation: 'CREATE',
      user: 'admin',
      images: [{ path: 'spec.containers[0].image', given: badImage }],
      findings: [{ policy, code: 'registry-not-allowed', mode: 'Deny' }],
    });
    expect(refused.stderr).toContain(decision.id);
  });

  it('lets an image of the trusted registry in, and records that as well', async () => {
    expect(await run('run', 'good', `--image=${goodImage}`)).toMatchObject({
      code: 0,
      stdout: 'pod/good created\n',
    });
    expect(await onRecord('good')).toMatchObject({ allowed: true, findings: [] });
  });

  it('answers a controller with 403, reason Forbidden and one cause for each finding', async () => {
    const { status, body } = await create(pod('raw', badImage));
    expect(status).toBe(403);
    expect(body['reason']).toBe('Forbidden');
    const causes = (body['details'] as { causes: { field: string; message: string }[] }).causes;
    expect(causes).toHaveLength(1);
    expect(causes[0]).toMatchObject({ field: 'spec.containers[0].image' });
    expect(causes[0]?.message).toContain(badImage);
  });

  it('refuses a server-side dry run, marks the record and makes no Event (R23)', async () => {
    const refused = await run('run', 'dry', `--image=${badImage}`, '--dry-run=server');
    expect(refused.code).toBe(1);
    expect(refused.stderr.startsWith(deniedText)).toBe(true);
    expect(await onRecord('dry')).toMatchObject({ dryRun: true, allowed: false });
    // The Event of a later real refusal is there, so one of the dry run would be as well.
    await run('run', 'wet', `--image=${badImage}`);
    const about = (name: string) =>
      stage.cluster.api(
        'GET',
        `/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.name=${name}`,
      );
    const count = async (name: string) => ((await about(name)).body['items'] as unknown[]).length;
    await eventually('the Event of the real refusal', async () => (await count('wet')) > 0, {
      within: 10_000,
    });
    expect(await count('dry')).toBe(0);
  });

  const forged: { title: string; object: () => KubeObject; headers?: Record<string, string> }[] = [
    {
      title: 'a deletionTimestamp (B14)',
      object: () => forge({ deletionTimestamp: '2020-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 }),
    },
    {
      title: 'an owner that is said to be judged already (B15)',
      object: () =>
        forge({
          ownerReferences: [
            {
              apiVersion: 'apps/v1',
              kind: 'ReplicaSet',
              name: 'judged',
              uid: crypto.randomUUID(),
              controller: true,
            },
          ],
        }),
    },
    {
      title: 'annotations and labels that say it was verified (B16)',
      object: () =>
        forge({
          annotations: { 'imagegate.dev/verified': 'true', 'imagegate.dev/decision': 'allowed' },
          labels: { 'imagegate.dev/skip': 'true', 'admission.imagegate.dev/ignore': 'true' },
        }),
    },
    {
      title: 'a user agent that is let through elsewhere (B33)',
      object: () => forge({}),
      headers: { 'user-agent': 'cosign/v2.4.0 (linux; amd64) notation/1.3.0 kube-probe/1.36' },
    },
  ];
  it.each(forged)('is not opened by $title', async ({ object, headers = {} }) => {
    const { status, message } = await create(object(), headers);
    expect(status).toBe(403);
    expect(message).toContain('registry-not-allowed');
  });

  it('judges a new image of a Pod that is already being deleted (B14)', async () => {
    const held = {
      ...pod('held', goodImage),
      metadata: { name: 'held', finalizers: ['e2e.imagegate.dev/hold'] },
    };
    expect((await create(held)).status).toBe(201);
    const path = `/api/v1/namespaces/${namespace}/pods/held`;
    expect((await stage.cluster.api('DELETE', path)).status).toBe(200);
    const terminating = (await stage.cluster.api('GET', path)).body;
    expect(terminating.metadata?.['deletionTimestamp']).toBeTypeOf('string');
    const changed = await stage.cluster.api(
      'PATCH',
      path,
      { spec: { containers: [{ name: 'app', image: badImage }] } },
      strategic,
    );
    expect(changed.status).toBe(403);
    const released = await stage.cluster.api('PATCH', path, { metadata: { finalizers: null } });
    expect(released.status).toBe(200);
  });

  it('writes decision id and policy into the audit log of the API server', async () => {
    await run('run', 'audited', `--image=${badImage}`);
    const decision = await onRecord('audited');
    const annotations = await eventually(
      'the line of the audit log',
      async () =>
        (await readFile(stage.cluster.auditLog, 'utf8'))
          .split('\n')
          .filter((line) => line.includes(decision.id))
          .map((line) => (JSON.parse(line) as { annotations: Record<string, string> }).annotations)[0],
      { within: 10_000 },
    );
    const ours = Object.entries(annotations).filter(([key]) => key.startsWith('validate.imagegate.dev/'));
    expect(ours.map(([, value]) => value).join(' ')).toContain(decision.id);
    expect(ours.map(([, value]) => value).join(' ')).toContain(policy);
  });
});

const strategic = { headers: { 'content-type': 'application/strategic-merge-patch+json' } };

const forge = (metadata: object): KubeObject => {
  return { ...pod('forged', badImage), metadata: { name: 'forged', ...metadata } };
};
