import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { stageGate } from '../harness/gate-stage.ts';
import type { User } from '../harness/kubeconfig.ts';
import { createNamespace } from '../harness/namespaces.ts';
import {
  badImage,
  dryRun,
  fence,
  goodImage,
  pod,
  putPolicy,
  trustedRegistry,
  untilJudged,
} from '../harness/policies.ts';

const stage = stageGate();
const { cluster } = stage;

describe('the labels of a namespace', () => {
  let fenced: string;
  beforeAll(async () => {
    const selector = { namespaceSelector: { matchLabels: { 'e2e/fenced': 'yes' } } };
    await putPolicy(cluster, trustedRegistry('by-label', selector));
    fenced = await createNamespace(cluster, { 'e2e/fenced': 'yes', 'e2e/team': 'blue' });
    await untilJudged(cluster, fenced, false);
    // Neither edit nor admin may patch Namespaces: without this right the API server would refuse, not the gate.
    const grants = [
      ['create', 'clusterrole', 'e2e-relabel', '--verb=get,patch,update,create', '--resource=namespaces'],
      [
        'create',
        'clusterrolebinding',
        'e2e-relabel',
        '--clusterrole=e2e-relabel',
        '--user=alice',
        '--user=gatekeeper',
      ],
    ];
    for (const grant of grants) await cluster.must(grant);
  });
  const label = (as: User, ...labels: string[]) =>
    cluster.run(['label', '--overwrite', 'namespace', fenced, ...labels], { as });

  it.each<{ title: string; as: User; labels: string[] }>([
    { title: 'removing the label', as: 'alice', labels: ['e2e/fenced-'] },
    { title: 'changing the label', as: 'alice', labels: ['e2e/fenced=no'] },
    {
      title: 'being a cluster administrator whom the gate does not know as one',
      as: 'admin',
      labels: ['e2e/fenced-'],
    },
  ])('do not open the gate by $title (R12, B13)', async ({ as, labels }) => {
    const refused = await label(as, ...labels);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('admission webhook "namespaces.imagegate.dev" denied the request');
    expect(refused.stderr).toContain('by-label');
    expect(await dryRun(cluster, fenced, badImage)).toBe(false);
  });

  it.each(['', '/status', '/finalize'])(
    'do not open the gate by a PUT to namespaces/NAME%s (R12)',
    async (subresource) => {
      const path = `/api/v1/namespaces/${fenced}`;
      const found = (await cluster.api('GET', path)).body;
      found.metadata = { ...found.metadata, labels: { 'kubernetes.io/metadata.name': fenced } };
      const answer = await cluster.api('PUT', `${path}${subresource}`, found);
      expect([answer.status, answer.message]).toEqual([403, expect.stringContaining('namespace-escape')]);
      expect(await dryRun(cluster, fenced, badImage)).toBe(false);
    },
  );

  it('may be changed by alice as long as the policy still covers it', async () => {
    expect(await label('alice', 'e2e/team=green')).toMatchObject({ code: 0 });
  });

  it('may be changed by a user of --admins, and the gate follows (R12)', async () => {
    expect(await label('gatekeeper', 'e2e/fenced-')).toMatchObject({ code: 0 });
    await untilJudged(cluster, fenced, true);
    expect(await label('alice', 'e2e/fenced=yes')).toMatchObject({ code: 0 });
    await untilJudged(cluster, fenced, false);
  });

  it('count from the first Pod of a namespace that was made a moment ago (R3)', async () => {
    for (let round = 0; round < 5; round++) {
      const name = `e2e-young-${Date.now().toString(36)}-${round}`;
      const root = `/api/v1/namespaces/${name}`;
      const metadata = { name, labels: { 'e2e/fenced': 'yes' } };
      expect((await cluster.api('POST', '/api/v1/namespaces', { metadata })).status).toBe(201);
      await cluster.api('POST', `${root}/serviceaccounts`, { metadata: { name: 'default' } });
      const [bad, good] = await Promise.all([
        cluster.api('POST', `${root}/pods`, pod('bad', badImage)),
        cluster.api('POST', `${root}/pods`, pod('good', goodImage)),
      ]);
      expect([bad.status, bad.message]).toEqual([403, expect.stringContaining('registry-not-allowed')]);
      expect([good.status, good.message]).toEqual([201, '']);
    }
  });

  it('of another namespace stay as they are in the eyes of the gate', async () => {
    const open = await createNamespace(cluster);
    expect(await dryRun(cluster, open, badImage)).toBe(true);
  });
});

describe('a bootstrap namespace', () => {
  it('is judged while the gate lives (R11)', async () => {
    await fence(cluster, 'kube-system');
    const { code, stderr } = await cluster.run(['-n', 'kube-system', 'run', 'nginx', `--image=${badImage}`]);
    expect(code).toBe(1);
    expect(stderr).toContain('admission webhook "bootstrap.imagegate.dev" denied the request');
    expect(stderr).toContain('registry-not-allowed');
  });
});

describe('deleting a namespace', () => {
  it('is never gated', async () => {
    const namespace = await createNamespace(cluster, { 'e2e/fenced': 'yes' });
    expect(await cluster.run(['delete', 'namespace', namespace, '--wait=false'])).toMatchObject({ code: 0 });
    await eventually(
      'the namespace to be gone',
      async () => (await cluster.api('GET', `/api/v1/namespaces/${namespace}`)).status === 404,
      { within: 30_000, every: 200 },
    );
  });
});
