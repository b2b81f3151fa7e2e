import { describe, expect, test } from 'vitest';
import {
  allFacts,
  createEvidenceHarness,
  digestOnly,
  reference,
} from '../../../test/fakes/evidence/evidence-harness.ts';
import {
  artifact,
  image,
  index,
  mediaTypes,
  rawManifest,
  type FakeManifest,
} from '../../../test/fakes/registry/registry-content.ts';
import type { Fact } from '../../core/facts/fact.ts';
import { imageNeed } from '../../core/facts/image-kind.ts';
import type { ImageFacts } from '../../core/facts/image-facts.ts';

const place = 'registry.example.com/team/web';
const built = (architecture: string, user: string, os = 'linux'): FakeManifest =>
  image({ user, platform: { os, architecture } });
const amd = built('amd64', '1000');
const arm = built('arm64', '0');
const both = index([amd, arm]);
const only = (...platforms: string[]) => ({ image: imageNeed(platforms) });

const facts = async (
  manifest: FakeManifest,
  needs = allFacts,
  limits = {},
): Promise<Fact<ImageFacts> | undefined> => {
  const harness = createEvidenceHarness({}, limits);
  harness.registry.push(place, manifest, 'v1');
  return (await harness.ask(`${place}:v1`, { needs })).facts.image;
};
const users = (fact: Fact<ImageFacts> | undefined): readonly string[] | undefined =>
  fact?.state === 'known' ? fact.value.platforms.map(({ user }) => user) : undefined;
const why = (fact: Fact<ImageFacts> | undefined): string =>
  fact?.state === 'unavailable' ? `${fact.why.what}: ${fact.why.why}` : '';

test('an image gives everything that manifest and config say', async () => {
  const full = image({
    user: '1000',
    created: '2026-01-02T03:04:05Z',
    labels: { team: 'web' },
    entrypoint: ['/app'],
    layers: ['one', 'two'],
    format: 'docker',
    annotations: { 'org.opencontainers.image.base.name': 'docker.io/library/alpine:3' },
  });
  const { layers } = JSON.parse(new TextDecoder().decode(full.bytes)) as { layers: { size: number }[] };
  expect(await facts(full)).toEqual({
    state: 'known',
    value: {
      digest: full.digest,
      isIndex: false,
      platforms: [
        {
          digest: full.digest,
          platform: { os: 'linux', architecture: 'amd64' },
          times: [Date.parse('2026-01-02T03:04:05Z')],
          user: '1000',
          entrypoint: ['/app'],
          labels: { team: 'web' },
          layers: 2,
          size: layers.reduce((sum, { size }) => sum + size, full.config?.bytes.length ?? 0),
          base: { name: 'docker.io/library/alpine:3' },
        },
      ],
    },
  });
});

test('an artifact gives what it has: annotations as labels and time, layers and bytes', async () => {
  const annotations = { team: 'web', 'org.opencontainers.image.created': '2026-01-02T03:04:05Z' };
  const made = artifact({ artifactType: 'application/vnd.example.model', annotations });
  expect(await facts(made)).toEqual({
    state: 'known',
    value: {
      digest: made.digest,
      isIndex: false,
      platforms: [
        {
          digest: made.digest,
          platform: { os: 'unknown', architecture: 'unknown' },
          unnamed: true,
          artifact: 'application/vnd.example.model',
          times: [Date.parse('2026-01-02T03:04:05Z')],
          user: '',
          entrypoint: [],
          labels: annotations,
          layers: 1,
          size: '{}evidence'.length,
        },
      ],
    },
  });
});

describe('when it was made', () => {
  const name = 'org.opencontainers.image.created';
  const at = (year: number): string => `${year}-01-01T00:00:00Z`;
  const timesIn = async (manifest: FakeManifest): Promise<readonly number[] | undefined> => {
    const fact = await facts(manifest);
    const times = fact?.state === 'known' ? fact.value.platforms.map((one) => one.times) : [];
    return times[0]?.map((time) => new Date(time).getUTCFullYear());
  };
  const full = { created: at(2021), annotations: { [name]: at(2022) }, labels: { [name]: at(2023) } };

  test('is said by config, annotation and label, in this order', async () => {
    expect(await timesIn(image(full))).toEqual([2021, 2022, 2023]);
    expect(await timesIn(image({ labels: full.labels }))).toEqual([2023]);
    expect(await timesIn(image())).toEqual([]);
  });
  test('is said each time once, and what cannot be read is left out', async () => {
    expect(await timesIn(image({ ...full, created: '0001-01-01T00:00:00Z' }))).toEqual([2022, 2023]);
    expect(await timesIn(image({ ...full, annotations: { [name]: at(2021) } }))).toEqual([2021, 2023]);
    expect(await timesIn(image({ ...full, annotations: { [name]: 'yesterday' } }))).toEqual([2021, 2023]);
  });
  test('is said last by the index: for the entry, then for the whole', async () => {
    const child = image(full);
    const descriptors = [{ ...child.descriptor, annotations: { [name]: at(2024) } }];
    const whole = index([child], { descriptors, annotations: { [name]: at(2025) } });
    expect(await timesIn(whole)).toEqual([2021, 2022, 2023, 2024, 2025]);
    expect(await timesIn(index([whole]))).toEqual([2021, 2022, 2023, 2024, 2025]);
  });
});

test('what an image was built on may stand in its labels; annotations go first', async () => {
  const label = {
    'org.opencontainers.image.base.name': 'from-label',
    'org.opencontainers.image.base.digest': 'd',
  };
  const annotations = { 'org.opencontainers.image.base.name': 'from-annotation' };
  const fact = await facts(image({ labels: label, annotations }));
  expect(fact).toMatchObject({ value: { platforms: [{ base: { name: 'from-annotation', digest: 'd' } }] } });
});

describe('an index', () => {
  test('has one entry a platform', async () => {
    const fact = await facts(both);
    expect(fact).toMatchObject({ value: { digest: both.digest, isIndex: true } });
    expect(users(fact)).toEqual(['1000', '0']);
  });

  test('is narrowed to the platforms that are wanted, and the others are not read', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, both, 'v1');
    const fact = (await harness.ask(`${place}:v1`, { needs: only('linux/amd64') })).facts.image;
    expect(users(fact)).toEqual(['1000']);
    expect(harness.requests()).toEqual(['GET manifest', 'GET manifest', 'GET blob']);
  });

  test('that lacks a wanted platform has no entry for it', async () => {
    expect(users(await facts(both, only('linux/s390x')))).toEqual([]);
  });

  test('two choices of one review give each its own facts', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, both, 'v1');
    expect(users((await harness.ask(`${place}:v1`, { needs: only('linux/arm64') })).facts.image)).toEqual([
      '0',
    ]);
    expect(users((await harness.ask(`${place}:v1`, { needs: only('linux/amd64') })).facts.image)).toEqual([
      '1000',
    ]);
    expect(users((await harness.ask(`${place}:v1`)).facts.image)).toEqual(['1000', '0']);
  });

  test('of an image that calls its platform by another name is still chosen, as a node would choose it', async () => {
    const odd = index([arm], {
      descriptors: [{ ...arm.descriptor, platform: { os: 'Linux', architecture: 'AARCH64' } }],
    });
    expect(users(await facts(odd, only('linux/arm64')))).toEqual(['0']);
  });

  test('that names no platform is read for every choice: CRI-O runs it, whatever its config says', async () => {
    const { platform: _, ...bare } = arm.descriptor;
    const silent = index([arm], { descriptors: [bare] });
    for (const choice of ['linux/arm64', 'linux/amd64']) {
      expect(await facts(silent, only(choice))).toMatchObject({
        value: { platforms: [{ user: '0', unnamed: true, platform: { architecture: 'arm64' } }] },
      });
    }
    const inner = index([amd, arm]);
    const { mediaType, digest, size } = inner.descriptor;
    const nested = index([inner], { descriptors: [{ mediaType, digest, size }] });
    expect(await facts(nested, only('linux/amd64'))).toMatchObject({
      value: { platforms: [{ user: '1000', unnamed: true }] },
    });
  });

  test('that names a platform is judged as that, whatever variant the config adds: nodes choose by the index', async () => {
    const six = image({ platform: { os: 'linux', architecture: 'arm', variant: 'v6' } });
    const seven = index([six], {
      descriptors: [{ ...six.descriptor, platform: { os: 'linux', architecture: 'arm' } }],
    });
    const fact = await facts(seven, only('linux/arm/v7'));
    expect(fact).toMatchObject({
      value: { platforms: [{ platform: { os: 'linux', architecture: 'arm' } }] },
    });
    expect(JSON.stringify(fact)).not.toContain('variant');
  });

  test('that calls an image what it is not is unavailable', async () => {
    const lying = index([arm], {
      descriptors: [{ ...arm.descriptor, platform: { os: 'linux', architecture: 'amd64' } }],
    });
    expect(why(await facts(lying))).toContain('the index calls it linux/amd64, its config linux/arm64');
  });

  test('whose attachments are marked unknown/unknown is read without them', async () => {
    const attached = artifact();
    const descriptors = [
      amd.descriptor,
      { ...attached.descriptor, platform: { os: 'unknown', architecture: 'unknown' } },
    ];
    expect(users(await facts(index([amd, attached], { descriptors })))).toEqual(['1000']);
  });

  test('holds no artifact that lies beside its images', async () => {
    const attached = artifact({ artifactType: 'application/vnd.example.sbom' });
    const found = await facts(index([amd, attached]));
    expect(found).toMatchObject({ state: 'known', value: { isIndex: true, platforms: [{ user: '1000' }] } });
    expect(users(found)).toEqual(['1000']);
  });

  test('holds the artifacts of which it consists', async () => {
    const found = await facts(index([artifact({ artifactType: 'application/vnd.example.model' })]));
    expect(found).toMatchObject({
      value: { platforms: [{ artifact: 'application/vnd.example.model', user: '' }] },
    });
  });

  test('that names an image which is not there is unavailable: it may be pushed before the pull', async () => {
    const sparse = { ...both, children: [amd] };
    expect(why(await facts(sparse))).toContain('the image for linux/arm64 is named and is not there');
    expect(users(await facts(sparse, only('linux/amd64')))).toEqual(['1000']);
  });

  test('may hold an index, and that one no other', async () => {
    expect(users(await facts(index([index([amd]), arm])))).toEqual(['1000', '0']);
    expect(why(await facts(index([index([index([amd])])])))).toContain('nested deeper than 2 levels');
  });

  test('that holds an index for one platform holds nothing of another below it', async () => {
    const { platform: _, ...bare } = arm.descriptor;
    const inner = index([arm], { descriptors: [bare] });
    const descriptor = { ...inner.descriptor, platform: { os: 'linux', architecture: 'amd64' } };
    expect(why(await facts(index([inner], { descriptors: [descriptor] })))).toContain(
      'the index calls it linux/amd64',
    );
  });

  test('B9: with nested indexes is bounded in all that they hold', async () => {
    const wide = index(Array.from({ length: 3 }, () => index([amd, arm])));
    expect(users(await facts(wide, allFacts, { indexChildren: 9 }))).toHaveLength(6);
    expect(why(await facts(wide, allFacts, { indexChildren: 8 }))).toContain('more than 8 images');
  });

  test('names the size of what it holds, and another is refused', async () => {
    const wrong = index([amd], { descriptors: [{ ...amd.descriptor, size: amd.descriptor.size + 1 }] });
    expect(why(await facts(wrong))).toContain('its length is not what its descriptor says');
  });
});

describe('limits', () => {
  test('B9: a config larger than is read is not asked for', async () => {
    const harness = createEvidenceHarness({}, { configBytes: 10 });
    harness.registry.push(place, amd, 'v1');
    const fact = (await harness.ask(`${place}:v1`)).facts.image;
    expect(why(fact)).toContain('blob: its config is larger than 10 bytes');
    expect(harness.requests()).toEqual(['GET manifest']);
  });

  test('B9: a review reads so many bytes and no more, in all its images together', async () => {
    const bytes = amd.bytes.length + (amd.config?.bytes.length ?? 0);
    expect((await facts(amd, allFacts, { reviewBytes: bytes }))?.state).toBe('known');
    expect(why(await facts(amd, allFacts, { reviewBytes: bytes - 1 }))).toContain(
      'more than is read for one',
    );
  });

  test('what the store holds counts as well, so that a full cache is no way around', async () => {
    const bytes = amd.bytes.length + (amd.config?.bytes.length ?? 0);
    const limits = { reviewBytes: 2 * bytes, factEntries: 0, answers: 0, imagesAtOnce: 1 };
    const harness = createEvidenceHarness({}, limits);
    const places = ['a', 'b', 'c'].map((name) => `registry.example.com/${name}`);
    for (const one of places) {
      harness.registry.push(one, amd, 'v1');
      expect((await harness.ask(`${one}:v1`)).facts.image?.state).toBe('known');
    }
    const requests = places.map((one) => ({ image: reference(`${one}:v1`), needs: allFacts }));
    const found = await harness.evidence.gather(requests, undefined, AbortSignal.timeout(5000));
    expect(found.filter(({ facts }) => facts.image?.state === 'known')).toHaveLength(2);
    expect(found.map(({ facts }) => why(facts.image)).join('')).toContain('more than is read for one');
  });

  test('facts that are kept cost nothing', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, both, 'v1');
    await harness.ask(`${place}:v1`);
    harness.content.entries.clear();
    harness.requests();
    expect((await harness.ask(`${place}:v1`)).facts.image?.state).toBe('known');
    expect(harness.requests()).toEqual([]);
  });
});

test.each([
  ['broken JSON', rawManifest('{', mediaTypes.ociManifest), 'it is not JSON'],
  ['a broken config', image({ config: { os: 7 } }), 'its config names no platform'],
  ['a missing config', { ...amd, blobs: [] }, 'the config of the image is not there'],
])(
  '%s is pinned, and its facts are unavailable in words that say what it is',
  async (_, manifest, expected) => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, manifest, 'v1');
    const found = await harness.ask(`${place}:v1`);
    expect(found.pinned.state).toBe('known');
    expect(why(found.facts.image)).toContain(expected);
    expect(why(found.facts.image)).toMatch(
      /^registry\.example\.com: (manifest|blob): .*, without a credential, after 0 ms$/,
    );
    expect((await harness.ask(`${place}:v1`, { needs: digestOnly })).pinned.state).toBe('known');
  },
);
