import type { ImageEvidence } from '../../src/core/facts/image-evidence.ts';
import type { ImageFacts, PlatformImage } from '../../src/core/facts/image-facts.ts';
import { parseDigest, type Digest } from '../../src/core/image/digest.ts';

export const imageDigest = `sha256:${'a'.repeat(64)}` as Digest;
export const otherDigest = `sha256:${'b'.repeat(64)}` as Digest;

export const day = 86_400_000;
/** The time at which the tests judge. */
export const judgedAt = Date.UTC(2026, 0, 1);

export const digestOf = (text: string): Digest => {
  const digest = parseDigest(text);
  if (!digest.ok) throw new Error(digest.error);
  return digest.value;
};

/** An image that every reasonable policy takes; `platform` as `os/arch[/variant]`. */
export const platformImage = (
  platform: string,
  more: Omit<Partial<PlatformImage>, 'platform'> & { readonly created?: number | undefined } = {},
): PlatformImage => {
  const [os = '', architecture = '', variant] = platform.split('/');
  const { created = judgedAt - 10 * day, ...rest } = more;
  const nameless = 'created' in more && more.created === undefined;
  return {
    digest: imageDigest,
    platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
    times: nameless ? [] : [created],
    user: '65532',
    entrypoint: ['/app'],
    labels: {},
    layers: 3,
    size: 50 * 2 ** 20,
    ...rest,
  };
};

export const imageFacts = (...platforms: readonly PlatformImage[]): ImageFacts => ({
  digest: imageDigest,
  isIndex: platforms.length !== 1,
  platforms,
});

/** Evidence as it is when all went well. */
export const evidenceOf = (facts: ImageFacts, more: Partial<ImageEvidence> = {}): ImageEvidence => ({
  pinned: { state: 'known', value: digestOf(facts.digest) },
  facts: { image: { state: 'known', value: facts } },
  tried: ['anonymous: used'],
  ...more,
});
