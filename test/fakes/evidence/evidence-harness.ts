import type { ImageNeeds } from '../../../src/core/facts/evidence-kind.ts';
import type { ImageEvidence } from '../../../src/core/facts/image-evidence.ts';
import { parseReference, type ImageReference } from '../../../src/core/image/reference.ts';
import { createEvidence, type Evidence } from '../../../src/evidence/gather.ts';
import { createImageProvider } from '../../../src/evidence/image/image-provider.ts';
import type { CreateProvider } from '../../../src/evidence/provider.ts';
import type { EvidenceLimits } from '../../../src/evidence/limits.ts';
import type { CredentialOffer } from '../../../src/evidence/ports.ts';
import {
  createFakeClock,
  createFakeContentStore,
  createFakeKeychain,
  createFakeRegistryPort,
  type FakeContentStore,
  type FakeClock,
  type FakeRegistryPort,
} from './evidence-sources.ts';
import { imageNeed } from '../../../src/core/facts/image-kind.ts';

export const reference = (text: string): ImageReference => {
  const parsed = parseReference(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.error.why}`);
  return parsed.value;
};

export { digestOnly } from '../../../src/core/facts/evidence-kind.ts';
export const allFacts: ImageNeeds = { image: imageNeed('all') };

export interface EvidenceHarness {
  readonly evidence: Evidence;
  readonly registry: FakeRegistryPort;
  readonly content: FakeContentStore;
  readonly clock: FakeClock;
  /** One review of one image by a pod of that namespace. */
  ask(text: string, options?: AskOptions): Promise<ImageEvidence>;
  /** Requests since the last time: `GET manifest`. */
  requests(): readonly string[];
}
export interface AskOptions {
  readonly needs?: ImageNeeds;
  readonly namespace?: string;
  readonly signal?: AbortSignal;
}

const verbs = {
  head: 'HEAD manifest',
  manifest: 'GET manifest',
  blob: 'GET blob',
  has: 'HEAD blob',
  stream: 'STREAM blob',
};

/** Evidence with doubles behind all of its ports. */
export const createEvidenceHarness = (
  credentials: Readonly<Record<string, readonly CredentialOffer[]>> = {},
  limits: Partial<EvidenceLimits> = {},
  hasRow: (host: string) => boolean = () => false,
  more: readonly CreateProvider[] = [],
): EvidenceHarness => {
  const registry = createFakeRegistryPort();
  const content = createFakeContentStore();
  const clock = createFakeClock();
  const keychain = createFakeKeychain(credentials);
  const evidence = createEvidence({
    registry,
    keychain,
    content,
    clock,
    limits,
    hasRow,
    providers: [createImageProvider, ...more],
  });
  let seen = 0;
  return {
    evidence,
    registry,
    content,
    clock,
    ask: async (text, { needs = allFacts, namespace, signal } = {}) => {
      const context = namespace === undefined ? undefined : { namespace, pullSecrets: [] };
      const wait = signal ?? AbortSignal.timeout(5000);
      const requests = [{ image: reference(text), needs }];
      // As the gate does.
      const [answer] =
        evidence.cached?.(requests, context) ?? (await evidence.gather(requests, context, wait));
      if (answer === undefined) throw new Error('gather gave no answer');
      return answer;
    },
    requests: () => {
      const news = registry.calls.slice(seen).map(({ verb }) => verbs[verb]);
      seen = registry.calls.length;
      return news;
    },
  };
};

/** `sha256:…` of a known pinned fact. */
export const pinnedDigest = ({ pinned }: ImageEvidence): string | undefined =>
  pinned.state === 'known' ? pinned.value : undefined;
