import { beforeAll, describe, expect, it } from 'vitest';
import { image, index } from '../fakes/registry-content.ts';
import { startDockerRegistry } from './docker-registry.ts';
import { createPod, judgeImages } from './evidence-judged.ts';
import { rowOf, stageEvidence } from './evidence-stage.ts';
import { inspectedDigest, pushUmociImages } from './evidence-umoci.ts';
import { createNamespace } from './namespaces.ts';
import { pushManifest } from './registry-push.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };

describe('what an image says about itself', () => {
  const stage = stageEvidence(async () => {
    const registry = await startDockerRegistry({ tls: true });
    return { registry, config: { registries: [rowOf(registry)] }, close: () => registry.stop() };
  });
  const { cluster } = stage;
  /** A namespace for production, one for everything else, and one where the nodes have one platform only. */
  let production: string;
  let other: string;
  let onePlatform: string;
  let app: (tag: string) => string;
  const namespaces: Readonly<Record<string, () => string>> = {
    production: () => production,
    other: () => other,
    onePlatform: () => onePlatform,
  };

  beforeAll(async () => {
    const { registry } = stage.around;
    app = (tag) => `${registry.host}/team/app:${tag}`;
    await pushUmociImages(registry, 'team/app', {
      good: { user: '65532' },
      root: {},
      zero: { user: '0:0' },
      old: { user: '65532', created: '2020-01-01T00:00:00Z' },
      'production-data': { user: '65532', label: 'data-class=production' },
      'test-data': { user: '65532', label: 'data-class=test' },
    });
    const created = new Date().toISOString();
    const child = (platform: typeof amd64, user: string) => image({ platform, user, created });
    const indexes = {
      'index-good': index([child(amd64, '65532'), child(arm64, '65532')]),
      'index-root': index([child(amd64, '65532'), child(arm64, 'root')]),
    };
    for (const [tag, made] of Object.entries(indexes)) await pushManifest(registry, 'team/app', made, tag);
    production = await createNamespace(cluster, { environment: 'production' });
    other = await createNamespace(cluster, { environment: 'test' });
    onePlatform = await createNamespace(cluster);
    const fitting = {
      image: 'data-class',
      value: 'production',
      namespace: { key: 'environment', in: ['production'] },
    };
    const conditions = { user: 'NonRoot', maxAge: '90d', labels: { namespaceLabels: [fitting] } };
    const of = { hosts: [registry.host], checks: [{ image: conditions }] };
    await judgeImages(cluster, production, of);
    await judgeImages(cluster, other, of);
    const spec = { multiArch: { mode: 'platforms', platforms: ['linux/amd64'] } };
    await judgeImages(cluster, onePlatform, { ...of, spec });
  });

  it.each<{ tag: string; where: string; why: string; codes: readonly string[] }>([
    { tag: 'good', where: 'other', why: 'young, with a user of its own', codes: [] },
    { tag: 'root', where: 'other', why: 'no user, which means root', codes: ['image-user-root'] },
    { tag: 'zero', where: 'other', why: 'user 0', codes: ['image-user-root'] },
    { tag: 'old', where: 'other', why: 'of the year 2020', codes: ['image-too-old'] },
    { tag: 'production-data', where: 'production', why: 'production data where it belongs', codes: [] },
    { tag: 'production-data', where: 'other', why: 'production data elsewhere', codes: ['image-label'] },
    {
      tag: 'production-data',
      where: 'onePlatform',
      why: 'production data where no label is',
      codes: ['image-label'],
    },
    { tag: 'test-data', where: 'other', why: 'other data', codes: [] },
    { tag: 'index-good', where: 'other', why: 'no platform is root', codes: [] },
    { tag: 'index-root', where: 'other', why: 'one platform is root', codes: ['image-user-root'] },
    { tag: 'index-root', where: 'onePlatform', why: 'root is on a platform that no node has', codes: [] },
  ])('$tag in $where: $why', async ({ tag, where, codes }) => {
    const namespace = namespaces[where]!();
    const { status, message, image: stored } = await createPod(cluster, namespace, app(tag));
    const told = [...message.matchAll(/check image: ([\w-]+)/g)].map(([, code]) => code);
    expect({ status, told, message }).toEqual({
      status: codes.length === 0 ? 201 : 403,
      told: codes,
      message,
    });
    if (status === 201) {
      expect(stored).toBe(`${app(tag)}@${await inspectedDigest(stage.around.registry, app(tag))}`);
    }
  });

  it('names the platform of an index that fails', async () => {
    const { message } = await createPod(cluster, other, app('index-root'));
    expect(message).toContain(`image '${app('index-root')}@sha256:`);
    expect(message).toContain('runs as root (linux/arm64)');
  });

  it('reads the digest that is written, whatever the tag beside it stands for (B2)', async () => {
    const { registry } = stage.around;
    const [good, root] = [
      await inspectedDigest(registry, app('good')),
      await inspectedDigest(registry, app('root')),
    ];
    expect(await createPod(cluster, other, `${app('root')}@${good}`)).toMatchObject({ status: 201 });
    const refused = await createPod(cluster, other, `${app('good')}@${root}`);
    expect([refused.status, refused.message]).toEqual([403, expect.stringContaining('image-user-root')]);
  });
});
