import { describe, expect, test } from 'vitest';
import { createEvidenceHarness } from '../fakes/evidence/evidence-harness.ts';
import { fakeGate, pod, requestFor } from '../fakes/gate.ts';
import {
  artifact,
  blob,
  image,
  index,
  mediaTypes,
  rawManifest,
  type FakeDescriptor,
  type FakeManifest,
  type FakePlatform,
} from '../fakes/registry/registry-content.ts';

/**
 * What runtimes do with an entry that is no image: containerd core/images/image.go (`Manifest`, `RootFS`,
 * `ConfigPlatform`), containers/image copy/single.go (`checkImageDestinationForCurrentRuntime`), internal/image/oci.go
 * (`OCIConfig`), internal/manifest/oci_index.go (`chooseInstance`).
 */
const place = 'registry.example.com/team/app';
const amd64: FakePlatform = { os: 'linux', architecture: 'amd64' };
const arm64: FakePlatform = { os: 'linux', architecture: 'arm64' };
const modes = {
  reference: {},
  'each platform': { multiArch: { mode: 'each-platform' } },
  platforms: { multiArch: { mode: 'platforms', platforms: ['linux/amd64'] } },
};

const admits = async (
  manifest: FakeManifest,
  spec: Readonly<Record<string, unknown>>,
  onUnavailable = 'Deny',
): Promise<boolean> => {
  const harness = createEvidenceHarness();
  harness.registry.push(place, manifest);
  const checks = [{ digest: { require: true } }, { image: { user: 'NonRoot' } }];
  const gate = fakeGate({
    policies: { 'non-root': { checks, onUnavailable, ...spec } },
    evidence: harness.evidence,
  });
  const { allowed } = await gate.admit(requestFor(pod({ app: `${place}@${manifest.digest}` })));
  expect(gate.bugs).toEqual([]);
  return allowed;
};

interface Entry {
  readonly made: FakeManifest;
  /** Fields of its descriptor: what the index says of it. */
  readonly said?: Partial<Record<keyof FakeDescriptor, unknown>>;
}
const indexOf = (...entries: readonly Entry[]): FakeManifest =>
  index(
    entries.map(({ made }) => made),
    {
      descriptors: entries.map(({ made, said }) => {
        const { mediaType, digest, size } = made.descriptor;
        return { mediaType, digest, size, ...said } as FakeDescriptor;
      }),
    },
  );

const soci = 'application/vnd.amazon.soci.index.v2+json';
const emptyBy = (type: string) => artifact({ artifactType: soci, config: blob('{}', type) });
const lazy = emptyBy(soci);
const good: Entry = { made: image({ user: '1000', platform: amd64 }), said: { platform: amd64 } };
const root = (platform: FakePlatform): FakeManifest => image({ user: '0', platform });
const withConfigType = (made: FakeManifest, type: string): FakeManifest => {
  const manifest = JSON.parse(made.bytes.toString()) as { config: object };
  const { mediaType, blobs, config } = made;
  const content = { ...manifest, config: { ...manifest.config, mediaType: type } };
  return rawManifest(content, mediaType, { blobs, ...(config === undefined ? {} : { config }) });
};
const withoutConfig = (made: FakeManifest): FakeManifest => {
  const { config: _, ...manifest } = JSON.parse(made.bytes.toString()) as { config: object };
  return rawManifest(manifest, made.mediaType, { blobs: made.blobs });
};

describe.each(Object.entries(modes))('an artifact beside an image, where %s is judged', (_mode, spec) => {
  test.each<[string, readonly Entry[]]>([
    [
      'with the platform of the image, as its tool writes it',
      [good, { made: lazy, said: { platform: amd64 } }],
    ],
    ['without a platform', [good, { made: lazy }]],
    ['without a platform and before the image', [{ made: lazy }, good]],
    [
      'marked as an attachment',
      [good, { made: lazy, said: { platform: { os: 'unknown', architecture: 'unknown' } } }],
    ],
    ['with the empty type of OCI', [good, { made: emptyBy(mediaTypes.ociEmpty) }]],
    [
      'with a config that is a chart',
      [
        good,
        { made: artifact({ config: blob('{"name":"web"}', 'application/vnd.cncf.helm.config.v1+json') }) },
      ],
    ],
    [
      'with a config that is no JSON',
      [good, { made: artifact({ config: blob('name: web', 'application/yaml') }) }],
    ],
    ['with no config', [good, { made: withoutConfig(lazy) }]],
    [
      'twice',
      [
        good,
        { made: lazy, said: { platform: amd64 } },
        { made: emptyBy(mediaTypes.ociEmpty), said: { platform: amd64 } },
      ],
    ],
    [
      'in an index of artifacts with the platform of the image',
      [good, { made: indexOf({ made: lazy }), said: { platform: amd64 } }],
    ],
    [
      'behind an image with the same features',
      [
        { ...good, said: { platform: { ...amd64, 'os.features': ['x'] } } },
        { made: lazy, said: { platform: { ...amd64, 'os.features': ['x'] } } },
      ],
    ],
  ])('%s does not refuse it', async (_title, entries) => {
    expect(await admits(indexOf(...entries), spec)).toBe(true);
  });

  test.each<[string, readonly Entry[]]>([
    [
      'a root image that the index calls an artifact',
      [good, { made: root(amd64), said: { artifactType: soci, platform: amd64 } }],
    ],
    ['one without a platform', [good, { made: root(amd64), said: { artifactType: soci } }]],
    [
      'one under another media type',
      [good, { made: root(amd64), said: { mediaType: 'application/vnd.example+json' } }],
    ],
    [
      'one under another media type of its config',
      [good, { made: withConfigType(root(amd64), soci), said: { platform: amd64 } }],
    ],
    [
      'one whose config says only which layers it has',
      [good, { made: artifact({ config: blob('{"rootfs":{"diff_ids":[]}}', soci) }) }],
    ],
    [
      'one whose config is spelt in capitals',
      [good, { made: artifact({ config: blob('{"OS":"linux"}', soci) }) }],
    ],
    [
      'one whose config holds a key twice',
      [good, { made: artifact({ config: blob('{"a":1,"a":1}', soci) }) }],
    ],
    [
      'an empty config with the types of an image, which CRI-O runs',
      [good, { made: emptyBy(mediaTypes.ociConfig) }],
    ],
    [
      'an empty config in a Docker manifest, which CRI-O runs',
      [
        good,
        {
          made: rawManifest(
            { ...(JSON.parse(lazy.bytes.toString()) as object), mediaType: mediaTypes.dockerManifest },
            mediaTypes.dockerManifest,
            { blobs: lazy.blobs },
          ),
        },
      ],
    ],
    [
      'an artifact before the image: containerd starts it without files, as root',
      [{ made: lazy, said: { platform: amd64 } }, good],
    ],
    [
      'an artifact behind an image with a feature that a node has not',
      [
        { ...good, said: { platform: { ...amd64, 'os.features': ['x'] } } },
        { made: lazy, said: { platform: amd64 } },
      ],
    ],
    [
      'an artifact behind an image of another spelling, which CRI-O passes over',
      [
        { ...good, said: { platform: { os: 'Linux', architecture: 'amd64' } } },
        { made: lazy, said: { platform: amd64 } },
      ],
    ],
    [
      'an artifact behind an image of another variant',
      [
        { ...good, said: { platform: { ...amd64, variant: 'v3' } } },
        { made: lazy, said: { platform: amd64 } },
      ],
    ],
    [
      'an artifact in an index without a platform, named for one there',
      [good, { made: indexOf({ made: lazy, said: { platform: amd64 } }) }],
    ],
    [
      'an artifact whose config is not there',
      [good, { made: { ...artifact({ config: blob('[]', soci) }), blobs: [] } }],
    ],
    [
      'nothing but artifacts',
      [{ made: lazy, said: { platform: amd64 } }, { made: emptyBy(mediaTypes.ociEmpty) }],
    ],
  ])('%s is refused, whatever onUnavailable says', async (_title, entries) => {
    expect(await admits(indexOf(...entries), spec)).toBe(false);
    expect(await admits(indexOf(...entries), spec, 'Warn')).toBe(false);
  });

  test('an artifact alone is refused, whatever onUnavailable says', async () => {
    for (const made of [lazy, emptyBy(mediaTypes.ociConfig), withoutConfig(lazy)]) {
      expect(await admits(made, spec)).toBe(false);
      expect(await admits(made, spec, 'Warn')).toBe(false);
    }
  });
});

describe('an artifact that the index names for a platform without an image', () => {
  const entries = [good, { made: lazy, said: { platform: arm64 } }];
  test('is refused where every platform is judged: its nodes would take it', async () => {
    expect(await admits(indexOf(...entries), modes.reference)).toBe(false);
  });
  test('is nobody\u2019s business where no node has it', async () => {
    expect(await admits(indexOf(...entries), modes.platforms)).toBe(true);
  });
});
