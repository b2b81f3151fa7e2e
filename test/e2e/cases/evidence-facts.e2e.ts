import { beforeAll, describe, expect, it } from 'vitest';
import { artifact, image, index, type FakeManifest } from '../../fakes/registry/registry-content.ts';
import { startDockerRegistry } from '../harness/docker-registry.ts';
import { createPod, judgeImages } from '../harness/evidence-judged.ts';
import { rowOf, stageEvidence } from '../harness/evidence-stage.ts';
import { inspectedDigest, pushUmociImages } from '../harness/evidence-umoci.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { pushManifest } from '../harness/registry-push.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };

const soci = 'application/vnd.amazon.soci.index.v2+json';
const createdAnnotation = 'org.opencontainers.image.created';

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
  /** skopeo inspects no artifact. */
  const digests = new Map<string, string>();
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
    const lazy = artifact({ artifactType: soci, annotations: { [createdAnnotation]: created } });
    const described = (made: FakeManifest, more: object = {}) => ({
      ...made.descriptor,
      platform: amd64,
      ...more,
    });
    const good = child(amd64, '65532');
    const hidden = child(amd64, '0');
    const indexes = {
      'index-lazy': index([good, lazy], { descriptors: [described(good), described(lazy)] }),
      'index-lazy-first': index([lazy, good], { descriptors: [described(lazy), described(good)] }),
      'index-hidden': index([good, hidden], {
        descriptors: [described(good), described(hidden, { artifactType: soci })],
      }),
      model: lazy,
      data: image({ created }),
      'old-data': image({ created: '2020-01-01T00:00:00Z' }),
      'fixed-time': image({ user: '65532', created: '1980-01-01T00:00:01Z' }),
      'index-good': index([child(amd64, '65532'), child(arm64, '65532')]),
      'index-root': index([child(amd64, '65532'), child(arm64, 'root')]),
    };
    for (const [tag, made] of Object.entries(indexes)) {
      await pushManifest(registry, 'team/app', made, tag);
      digests.set(tag, made.digest);
    }
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
    { tag: 'index-lazy', where: 'other', why: 'an artifact stands behind the image', codes: [] },
    { tag: 'index-lazy', where: 'onePlatform', why: 'that is so for one platform as well', codes: [] },
    {
      tag: 'index-lazy-first',
      where: 'other',
      why: 'a node would take the artifact',
      codes: ['image-unavailable'],
    },
    { tag: 'index-hidden', where: 'other', why: 'root is called an artifact', codes: ['image-user-root'] },
    { tag: 'model', where: 'other', why: 'an artifact runs nowhere', codes: ['image-unavailable'] },
    { tag: 'fixed-time', where: 'other', why: 'of a time without images', codes: ['image-time-unknown'] },
  ])('$tag in $where: $why', async ({ tag, where, codes }) => {
    const namespace = namespaces[where]!();
    const { status, message, image: stored } = await createPod(cluster, namespace, app(tag));
    const reported = [...message.matchAll(/check image: ([\w-]+)/g)].map(([, code]) => code);
    expect({ status, reported, message }).toEqual({
      status: codes.length === 0 ? 201 : 403,
      reported: codes,
      message,
    });
    if (status === 201) {
      expect(stored).toBe(`${app(tag)}@${await inspectedDigest(stage.around.registry, app(tag))}`);
    }
  });

  it.each([
    { tag: 'data', why: 'nothing runs from it, so no user matters', codes: [] },
    { tag: 'model', why: 'an artifact is judged by what it has', codes: [] },
    { tag: 'old-data', why: 'its age is judged', codes: ['image-too-old'] },
  ])('$tag as an image volume: $why', async ({ tag, codes }) => {
    const volumes = [{ name: 'data', image: { reference: app(tag) } }];
    const { status, message, body } = await createPod(cluster, other, app('good'), { volumes });
    const reported = [...message.matchAll(/check image: ([\w-]+)/g)].map(([, code]) => code);
    expect({ status, reported, message }).toEqual({
      status: codes.length === 0 ? 201 : 403,
      reported: codes,
      message,
    });
    if (status !== 201) return;
    const { volumes: stored } = body['spec'] as { volumes: { image?: { reference: string } }[] };
    const digest = digests.get(tag);
    expect(stored.find(({ image }) => image !== undefined)?.image?.reference).toBe(`${app(tag)}@${digest}`);
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
