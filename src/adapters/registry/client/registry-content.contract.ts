import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';

import {
  artifact,
  digestOf,
  type FakeManifest,
  image,
  index,
  mediaTypes,
  rawManifest,
} from '../../../../test/fakes/registry/registry-content.ts';
import { allReferrers, budgetOf } from '../../../../test/fakes/registry/registry-reading.ts';
import type { Digest } from '../../../core/image/digest.ts';
import type { ManifestName, Repository } from '../../../evidence/ports.ts';
import {
  amd64,
  arm64,
  configOf,
  type RegistryFixture,
  docker,
  kindOf,
  known,
  limit,
} from './registry-fixture.contract.ts';

export const readsManifests = ({ of, fresh }: RegistryFixture): void => {
  const both = (content: FakeManifest): ManifestName[] => [{ tag: 'v1' }, { digest: content.digest }];

  test.each([
    ['an OCI image', amd64],
    ['a Docker image', docker],
    ['an OCI index', index([amd64, arm64])],
    ['a Docker manifest list', index([docker], { format: 'docker' })],
  ])('reads %s by tag and by digest: its bytes, their digest, what it is', async (_title, content) => {
    const at = fresh();
    await of().push(at.repository, content, 'v1');
    for (const name of both(content)) {
      const found = known(await of().registry.manifest(at, name, of().credential, budgetOf()));
      expect(Buffer.from(found.bytes)).toEqual(content.bytes);
      expect({ digest: found.digest, mediaType: found.mediaType }).toEqual({
        digest: content.digest,
        mediaType: content.mediaType,
      });
      const head = await of().registry.head(at, name, of().credential, budgetOf());
      expect(head).toEqual({ state: 'known', value: content.digest });
    }
  });

  test('reads a manifest that does not say its own media type', async () => {
    const at = fresh();
    const { mediaType: _, ...rest } = JSON.parse(amd64.bytes.toString()) as { mediaType: string };
    const silent = rawManifest(rest, mediaTypes.ociManifest, { blobs: amd64.blobs });
    await of().push(at.repository, silent, 'v1');
    const found = known(await of().registry.manifest(at, { tag: 'v1' }, of().credential, budgetOf()));
    expect([found.digest, found.mediaType]).toEqual([silent.digest, mediaTypes.ociManifest]);
  });

  test('sees a tag move', async () => {
    const at = fresh();
    for (const content of [amd64, arm64]) {
      await of().push(at.repository, content, 'v1');
      const found = known(await of().registry.manifest(at, { tag: 'v1' }, of().credential, budgetOf()));
      expect(found.digest).toBe(content.digest);
    }
  });

  test('B2: a digest names its content, wherever a tag points', async () => {
    const at = fresh();
    await of().push(at.repository, amd64);
    await of().push(at.repository, arm64, 'v1');
    const found = await of().registry.manifest(at, { digest: amd64.digest }, of().credential, budgetOf());
    expect(known(found).digest).toBe(amd64.digest);
  });

  test.each([
    ['tag', { tag: 'none' }],
    ['digest', { digest: digestOf('none') }],
  ])('says absent for an unknown %s, and of an unknown repository', async (_title, name) => {
    const at = fresh();
    await of().push(at.repository, amd64, 'v1');
    for (const where of [at, fresh()]) {
      expect(await of().registry.manifest(where, name, of().credential, budgetOf())).toEqual({
        state: 'absent',
      });
      expect(await of().registry.head(where, name, of().credential, budgetOf())).toEqual({ state: 'absent' });
    }
  });
};

export const readsBlobs = ({ of, fresh }: RegistryFixture): void => {
  const descriptor = configOf(amd64);

  test('reads the config and the layers', async () => {
    const at = fresh();
    await of().push(at.repository, amd64, 'v1');
    for (const { digest, bytes } of amd64.blobs) {
      const wanted = { digest, size: bytes.length };
      const found = known(await of().registry.blob(at, wanted, limit, of().credential, budgetOf()));
      expect([found.digest, Buffer.from(found.bytes)]).toEqual([digest, bytes]);
    }
  });

  test.each([
    ['a size that is too small', { ...descriptor, size: descriptor.size - 1 }, 'invalid'],
    ['a size that is too large', { ...descriptor, size: descriptor.size + 1 }, 'invalid'],
    ['a size beyond the limit', { ...descriptor, size: limit + 1 }, 'limit'],
    ['a digest that nobody pushed', { ...descriptor, digest: digestOf('none') }, 'absent'],
  ])('B9: a descriptor with %s', async (_title, wanted, kind) => {
    const at = fresh();
    await of().push(at.repository, amd64, 'v1');
    expect(kindOf(await of().registry.blob(at, wanted, limit, of().credential, budgetOf()))).toBe(kind);
  });
};

/** Larger than every buffer between the registry and its reader. */
const large = image({ layers: [randomBytes(2_000_000).toString('base64')] });

export const streamsBlobs = ({ of, fresh }: RegistryFixture): void => {
  const layer = large.blobs[1] ?? large.config;
  const wanted = { digest: layer?.digest ?? digestOf('none'), size: layer?.bytes.length ?? 0 };
  const stream = async (at: Repository, descriptor = wanted, most = Infinity) => {
    const chunks: Buffer[] = [];
    const budget = budgetOf(64 * 1024);
    const take = (chunk: Uint8Array): Promise<boolean> => {
      chunks.push(Buffer.from(chunk));
      return Promise.resolve(chunks.length < most);
    };
    const answer = await of().registry.streamBlob(at, descriptor, take, of().credential, budget);
    return { answer, bytes: Buffer.concat(chunks) };
  };

  test('streams a blob that is larger than the review may read', async () => {
    const at = fresh();
    await of().push(at.repository, large, 'v1');
    const { answer, bytes } = await stream(at);
    expect(known(answer)).toBe('whole');
    expect(digestOf(bytes)).toBe(wanted.digest);
  });

  test('ends a blob of which no more is wanted', async () => {
    const at = fresh();
    await of().push(at.repository, large, 'v1');
    const { answer, bytes } = await stream(at, wanted, 2);
    expect(known(answer)).toBe('stopped');
    expect(bytes.length).toBeLessThan(wanted.size);
  });

  test.each([
    ['a size that is too small', { ...wanted, size: wanted.size - 1 }, 'invalid'],
    ['a size that is too large', { ...wanted, size: wanted.size + 1 }, 'invalid'],
    ['a digest that nobody pushed', { ...wanted, digest: digestOf('none') }, 'absent'],
  ])('B9: streams no blob by a descriptor with %s', async (_title, descriptor, kind) => {
    const at = fresh();
    await of().push(at.repository, large, 'v1');
    expect(kindOf((await stream(at, descriptor)).answer)).toBe(kind);
  });

  test('V6: says which repository holds a blob', async () => {
    const at = fresh();
    const other = fresh();
    await of().push(at.repository, large, 'v1');
    await of().push(other.repository, amd64, 'v1');
    const held = (where: Repository, digest: Digest) =>
      of().registry.hasBlob(where, digest, of().credential, budgetOf());
    expect(kindOf(await held(at, wanted.digest))).toBe('known');
    expect(kindOf(await held(at, digestOf('none')))).toBe('absent');
    expect(kindOf(await held(other, wanted.digest))).toBe(of().sharesBlobs === true ? 'known' : 'absent');
  });
};

export const listsReferrers = ({ of, fresh }: RegistryFixture): void => {
  const list = async (at: Repository): Promise<string[]> => {
    const found = await allReferrers(
      of().registry,
      { ...at, digest: amd64.digest },
      of().credential,
      budgetOf(),
    );
    return known(found)
      .map(({ digest }) => digest)
      .sort();
  };
  const subject = amd64.descriptor;
  const evidence = [
    artifact({ subject, artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json' }),
    artifact({ subject, artifactType: 'application/vnd.cncf.notary.signature' }),
    artifact({ subject, annotations: { kind: 'without an artifactType' } }),
    index([amd64], { subject, artifactType: 'application/example' }),
  ];
  const digests = evidence.map(({ digest }) => digest).sort();

  test('has an empty list for an image that nothing refers to', async () => {
    const at = fresh();
    await of().push(at.repository, amd64, 'v1');
    expect(await list(at)).toEqual([]);
  });

  test('lists everything that refers to an image, of every type', async () => {
    const at = fresh();
    await of().push(at.repository, amd64, 'v1');
    for (const one of evidence) await of().push(at.repository, one);
    if (of().referrers === 'fallback-tag') {
      const listing = index(evidence);
      await of().push(at.repository, listing, amd64.digest.replace(':', '-'));
    }
    expect(await list(at)).toEqual(digests);
  });

  test('lists what stands under the fallback tag only, though its descriptors lie about the type', async () => {
    const at = fresh();
    const withoutSubject = artifact({ artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json' });
    // What cosign 3.1 writes: the type of the empty config.
    const lie = { ...withoutSubject.descriptor, artifactType: mediaTypes.ociEmpty };
    await of().push(at.repository, amd64, 'v1');
    const listing = index([withoutSubject], { descriptors: [lie] });
    await of().push(at.repository, listing, amd64.digest.replace(':', '-'));
    expect(await list(at)).toEqual([withoutSubject.digest]);
  });
};
