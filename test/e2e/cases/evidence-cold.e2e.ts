import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { image, type FakeManifest } from '../../fakes/registry/registry-content.ts';
import type { KubeObject } from '../harness/api.ts';
import { startDockerRegistry } from '../harness/docker-registry.ts';
import { createPod } from '../harness/evidence-judged.ts';
import { rowOf, stageEvidence } from '../harness/evidence-stage.ts';
import { eventually } from '../harness/eventually.ts';
import { readObjects } from '../harness/gate.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { putPolicy, untilJudged } from '../harness/policies.ts';
import { pushManifest } from '../harness/registry-push.ts';

const page = join(import.meta.dirname, '..', '..', '..', 'docs', 'registries-and-credentials.md');
const documentedHost = 'registry.registry-system.svc:5000';
const home = 'registry-system';

/** The policies of docs/registries-and-credentials.md, for the registry of the test. */
const documentedPolicies = (host: string): KubeObject[] => {
  const [, section = ''] = readFileSync(page, 'utf8').split('\n## A registry inside the cluster\n');
  const [, written = ''] = /^```yaml\n([^]*?)^```$/m.exec(section) ?? [];
  const policies = readObjects(written.replaceAll(documentedHost, host));
  if (policies.length !== 2)
    throw new Error('docs/registries-and-credentials.md says nothing about a registry in the cluster');
  return policies;
};

describe('a registry that runs in the cluster it serves', () => {
  const stage = stageEvidence(async () => {
    const registry = await startDockerRegistry({ tls: true });
    const config = { registries: [rowOf(registry)] };
    return { registry, config, close: () => registry.stop() };
  });
  const { cluster } = stage;
  const own = image({ user: '65532', labels: { name: 'registry' } });
  const app = image({ user: '65532', labels: { name: 'app' } });
  const root = image({ user: '0' });
  let elsewhere: string;
  let named: (repository: string, made?: FakeManifest) => string;

  beforeAll(async () => {
    const { registry } = stage.around;
    named = (repository, made) =>
      `${registry.host}/${repository}:v1${made === undefined ? '' : `@${made.digest}`}`;
    const content = { 'platform/registry': own, 'team/app': app, 'team/root': root };
    for (const [repository, made] of Object.entries(content))
      await pushManifest(registry, repository, made, 'v1');
    await registry.down();
    elsewhere = await createNamespace(cluster);
    await cluster.must(['create', 'namespace', home]);
    for (const policy of documentedPolicies(registry.host)) await putPolicy(cluster, policy);
    for (const namespace of [elsewhere, home]) await untilJudged(cluster, namespace, false);
  });
  afterAll(async () => {
    await cluster.must(['delete', 'namespace', home, '--wait=false']);
  });

  it('is not needed in order to start itself', async () => {
    const create = ['create', 'deployment', 'registry', `--image=${named('platform/registry', own)}`];
    await cluster.must(['-n', home, ...create]);
    const images = await eventually(
      'its Pod',
      async () => {
        const path = 'jsonpath={.items[*].spec.containers[*].image}';
        const { stdout } = await cluster.run(['-n', home, 'get', 'pods', '-o', path]);
        return stdout !== '' && stdout;
      },
      { within: 10_000 },
    );
    expect(images).toBe(named('platform/registry', own));
  });

  it.each<{ title: string; text: () => string; code: string }>([
    {
      title: 'another image of the registry',
      text: () => named('team/app', app),
      code: 'registry-not-allowed',
    },
    { title: 'its own image by tag', text: () => named('platform/registry'), code: 'digest-missing' },
    {
      title: 'an image beside its own',
      text: () => named('platform/registry/more', own),
      code: 'registry-not-allowed',
    },
    {
      title: 'its own image from another host',
      text: () => `registry.example.com/platform/registry@${own.digest}`,
      code: 'registry-not-allowed',
    },
  ])('is no excuse for $title in its namespace', async ({ text, code }) => {
    const beside = { initContainers: [{ name: 'beside', image: text() }] };
    for (const answer of [
      await createPod(cluster, home, text()),
      await createPod(cluster, home, named('platform/registry', own), beside),
    ]) {
      expect([answer.status, answer.message]).toEqual([403, expect.stringContaining(code)]);
    }
  });

  it('holds everything else back until it runs, itself in another namespace as well', async () => {
    for (const text of [named('team/app'), named('team/app', app), named('platform/registry', own)]) {
      const { status, message } = await createPod(cluster, elsewhere, text);
      expect([text, status, message]).toEqual([text, 403, expect.stringContaining('image-unavailable')]);
    }
    await stage.around.registry.up();
    const passed = await eventually(
      'the registry to be seen',
      async () => (await createPod(cluster, elsewhere, named('team/app'))).image,
      { within: 10_000 },
    );
    expect(passed).toBe(named('team/app', app));
    const refused = await createPod(cluster, elsewhere, named('team/root'));
    expect([refused.status, refused.message]).toEqual([403, expect.stringContaining('image-user-root')]);
  });
});
