import { known, outage } from '../../../src/core/facts/fact.ts';
import type { ImageEvidence } from '../../../src/core/facts/image-evidence.ts';
import type { PlatformImage } from '../../../src/core/facts/image-facts.ts';
import type { Digest } from '../../../src/core/image/digest.ts';
import { formatReference } from '../../../src/core/image/reference.ts';
import type { Evidence, EvidenceRequest } from '../../../src/evidence/gather.ts';
import type { PullContext } from '../../../src/evidence/ports.ts';

/** `digestOf('a')`: sixty-four times the digit. */
export const digestOf = (digit: string): Digest => `sha256:${digit.repeat(64)}` as Digest;

/** What one question was answered with. */
export interface Asked {
  readonly references: readonly string[];
  readonly requests: readonly EvidenceRequest[];
  readonly context: PullContext | undefined;
}

export interface FakeEvidence extends Evidence {
  readonly asked: Asked[];
}

/** Everything about an image that a registry would say. */
export const evidenceOf = (
  { image, needs }: EvidenceRequest,
  resolved: Digest,
  more: Partial<PlatformImage> = {},
): ImageEvidence => {
  const pinned = image.digest ?? resolved;
  const digest = pinned;
  const platform: PlatformImage = {
    digest,
    platform: { os: 'linux', architecture: 'amd64' },
    times: [],
    user: '1000',
    entrypoint: [],
    labels: {},
    layers: 1,
    size: 1000,
    ...more,
  };
  return {
    pinned: known(pinned),
    facts:
      needs.image === undefined ? {} : { image: known({ digest, isIndex: false, platforms: [platform] }) },
    tried: ['anonymous: used'],
  };
};

/** Evidence by hand. `answer` is asked for each request; without one every image is user 1000 with the digest `aaa…`. */
export const fakeEvidence = (
  answer: (request: EvidenceRequest, signal: AbortSignal) => ImageEvidence | Promise<ImageEvidence> = (
    request,
  ) => evidenceOf(request, digestOf('a')),
): FakeEvidence => {
  const asked: Asked[] = [];
  return {
    asked,
    gather: (requests, context, signal) => {
      asked.push({ references: requests.map(({ image }) => formatReference(image)), requests, context });
      return Promise.all(requests.map(async (request) => answer(request, signal)));
    },
  };
};

/** A registry whose tag stands for other bytes each time somebody asks (B1). */
export const flippingEvidence = (): FakeEvidence => {
  const digits = ['a', 'b', 'c', 'd', 'e', 'f'];
  let at = 0;
  return fakeEvidence((request) => evidenceOf(request, digestOf(digits[at++ % digits.length] ?? 'a')));
};

/** A registry that nobody reaches: it answers when there is no more time. */
export const silentEvidence = (): FakeEvidence =>
  fakeEvidence(
    (_request, signal) =>
      new Promise((resolve) => {
        const why = outage('registry.example.com: connect', 'no answer');
        signal.addEventListener('abort', () => resolve({ pinned: why, facts: { image: why }, tried: [] }));
      }),
  );
