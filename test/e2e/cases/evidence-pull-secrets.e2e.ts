import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { image } from '../../fakes/registry/registry-content.ts';
import { startDockerRegistry } from '../harness/docker-registry.ts';
import {
  createPod,
  decisionOn,
  detailsOf,
  judgeImages,
  pullSecret,
  type CreatedPod,
} from '../harness/evidence-judged.ts';
import { rowOf, stageEvidence } from '../harness/evidence-stage.ts';
import { eventually } from '../harness/eventually.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { pushManifest } from '../harness/registry-push.ts';

const login = { username: 'ann', password: 'the right one' };
const withSecret = { imagePullSecrets: [{ name: 'regcred' }] };

describe('a registry that asks who is there', () => {
  const stage = stageEvidence(async () => {
    const users = { [login.username]: login.password };
    const registry = await startDockerRegistry({ tls: true, auth: { mode: 'basic', users } });
    const config = { registries: [rowOf(registry)] };
    return { registry, config, args: ['--pull-secrets'], close: () => registry.stop() };
  });
  const { cluster } = stage;
  /** The one with the Secret, one without, and one in which the gate may read nothing. */
  let own: string;
  let other: string;
  let ungranted: string;
  let host: string;

  const push = async (name: string): Promise<string> => {
    const made = image({ user: '65532', labels: { name } });
    const target = { ...stage.around.registry, user: login.username, password: login.password };
    await pushManifest(target, `team/${name}`, made, 'v1');
    return made.digest;
  };
  const named = (name: string) => `${host}/team/${name}:v1`;
  const putSecret = (namespace: string) =>
    cluster.must(['-n', namespace, 'apply', '-f', '-'], {
      input: JSON.stringify(pullSecret('regcred', host, login)),
    });
  const details = async (namespace: string, { name }: CreatedPod) =>
    detailsOf(await decisionOn(stage.gate, { namespace, name }));

  beforeAll(async () => {
    host = stage.around.registry.host;
    [own, other, ungranted] = await Promise.all([
      createNamespace(cluster),
      createNamespace(cluster),
      createNamespace(cluster),
    ]);
    await Promise.all([putSecret(own), putSecret(ungranted), stage.grantPullSecrets(own, other)]);
    for (const namespace of [own, other, ungranted]) {
      await judgeImages(cluster, namespace, { hosts: [host] });
    }
  });

  it('is asked with the pull secret that a Pod names', async () => {
    const digest = await push('named');
    const refused = await createPod(cluster, own, named('named'));
    expect([refused.status, refused.message]).toEqual([403, expect.stringContaining('image-unavailable')]);
    const passed = await createPod(cluster, own, named('named'), withSecret);
    expect([passed.message, passed.image]).toEqual(['', `${named('named')}@${digest}`]);
  });

  it('is asked with the pull secret of the service account that a Pod or a template runs under', async () => {
    const digest = await push('account');
    const account = { metadata: { name: 'puller' }, imagePullSecrets: [{ name: 'regcred' }] };
    await cluster.api('POST', `/api/v1/namespaces/${own}/serviceaccounts`, account);
    const puller = { serviceAccountName: 'puller' };
    const passed = await eventually(
      'the token of the service account',
      async () => {
        const answer = await createPod(cluster, own, named('account'), puller);
        return answer.status === 201 && answer;
      },
      { within: 5_000 },
    );
    expect(passed.image).toBe(`${named('account')}@${digest}`);
    // The API server writes the secrets of the account into a Pod, but not into a template.
    const deployment = (name: string, spec: object) => ({
      metadata: { name },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: { containers: [{ name: 'app', image: named('account') }], ...spec },
        },
      },
    });
    const path = `/apis/apps/v1/namespaces/${own}/deployments`;
    expect(await cluster.api('POST', path, deployment('with', puller))).toMatchObject({ status: 201 });
    const without = await cluster.api('POST', path, deployment('without', {}));
    expect([without.status, without.message]).toEqual([403, expect.stringContaining('image-unavailable')]);
  });

  it('is not asked with a secret of another namespace, however a Pod names it (B29)', async () => {
    await push('elsewhere');
    const plain = await createPod(cluster, other, named('elsewhere'), withSecret);
    expect([plain.status, plain.message]).toEqual([403, expect.stringContaining('image-unavailable')]);
    expect(await details(other, plain)).toContain(
      `pull secret ${other}/regcred: there is no such Secret with a docker config in the namespace; anonymous: denied`,
    );
    for (const name of [`../${own}/regcred`, `../../${own}/secrets/regcred`, `${own}/regcred`]) {
      const climbing = await createPod(cluster, other, named('elsewhere'), { imagePullSecrets: [{ name }] });
      expect([name, climbing.status]).toEqual([name, 403]);
      expect(await details(other, climbing)).toContain('this is no name; other namespaces are never read');
    }
    expect(await createPod(cluster, own, named('elsewhere'), withSecret)).toMatchObject({ status: 201 });
  });

  it('tells a namespace without the secret nothing, whoever asks first (B29)', async () => {
    const [first, second] = [await push('first'), await push('second')];
    const refused = async (text: string) => {
      const answer = await createPod(cluster, other, text);
      expect([text, answer.status]).toEqual([text, 403]);
      // Where a warning lost its middle depends on how many digits the milliseconds have. Node reads headers as Latin-1.
      const [warning = ''] = answer.warnings.split(/\u2026|\u00e2\u0080\u00a6/);
      return `${answer.message}\n${warning}\n${await details(other, answer)}`;
    };
    const admitted = async (text: string) => {
      const answer = await createPod(cluster, own, text, withSecret);
      expect([text, answer.status, answer.message]).toEqual([text, 201, '']);
    };
    await admitted(named('first'));
    await refused(named('first'));
    await refused(`${named('first')}@${first}`);

    await refused(named('second'));
    await admitted(named('second'));
    await refused(`${named('second')}@${second}`);

    // What the gate knows by now reads as what was never there.
    const alike = (text: string, name: string) =>
      text
        .replaceAll(name, 'NAME')
        .replaceAll(/after [\d,]+ ms/g, 'after N ms')
        .replaceAll(/decision \S+|explain \S+/g, 'ID');
    const known = alike(await refused(named('second')), 'second');
    expect(alike(await refused(named('voided')), 'voided')).toBe(known);
    expect(known).not.toContain(second);
  });

  it('is not asked with a secret that RBAC does not let the gate read, and the refusal says what would', async () => {
    await push('ungranted');
    const refused = await createPod(cluster, ungranted, named('ungranted'), withSecret);
    expect(refused.status).toBe(403);
    expect(await details(ungranted, refused)).toContain(
      `a login cannot be used: RBAC forbids it: \`imagegate manifests --pull-secrets ${ungranted}\` grants it, in pull secret ${ungranted}/regcred`,
    );
    await stage.grantPullSecrets(ungranted);
    const allowed = async () =>
      (await createPod(cluster, ungranted, named('ungranted'), withSecret)).status === 201;
    await eventually('the right to be seen', allowed, { within: 5_000 });
  });

  it('has its password written nowhere: not into the log, the record, the cache or the metrics', async () => {
    await decisionOn(stage.gate, await lastPod());
    const texts = [stage.gate.process.output(), await (await fetch(`${stage.gate.admin}/metrics`)).text()];
    const files = readdirSync(stage.gate.data, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    expect(files.map((file) => basename(file))).toContain('imagegate.db');
    for (const file of files) texts.push(readFileSync(file, 'latin1'));
    const both = `${login.username}:${login.password}`;
    const written = [login.password, Buffer.from(both).toString('base64')];
    for (const text of texts) for (const secret of written) expect(text.includes(secret)).toBe(false);
    // The name of the Secret is in some of them, so that nothing was looked for in the wrong place.
    expect(texts.filter((text) => text.includes(`${own}/regcred`)).length).toBeGreaterThan(1);
  });

  const lastPod = async () => {
    const { name } = await createPod(cluster, own, named('named'), withSecret);
    return { namespace: own, name };
  };
});
