import type { Clock } from '../../../src/concurrency/clock.ts';
import { unavailableBy } from '../../../src/core/facts/fact.ts';
import type { PinnedImage } from '../../../src/core/image/pinned-image.ts';
import type { Digest } from '../../../src/core/image/digest.ts';
import type {
  CredentialOffer,
  Content,
  ContentStore,
  Credential,
  Keychain,
  ManifestName,
  PullContext,
  ReadBudget,
  Registry,
  RegistryAnswer,
  RegistryFailure,
  Repository,
} from '../../../src/evidence/ports.ts';
import { digestOf, type FakeManifest } from '../registry/registry-content.ts';

/** A clock that goes on only when told. */
export interface FakeClock extends Clock {
  pass(milliseconds: number): void;
}
export const createFakeClock = (): FakeClock => {
  let time = 1_000_000;
  return {
    now: () => 1_700_000_000_000 + time,
    monotonic: () => time,
    pass: (milliseconds) => {
      time += milliseconds;
    },
  };
};

export const anonymous: Credential = {
  kind: 'anonymous',
  source: 'anonymous',
  key: 'anonymous',
  secret: { kind: 'none' },
};
export const pullSecret = (name: string, user = name): Credential => ({
  kind: 'pull-secret',
  source: `pull secret ${name}`,
  key: `key of ${user}`,
  secret: { kind: 'basic', username: user, password: 'pw' },
});
export const offer = (credential: Credential): CredentialOffer => ({ state: 'at-hand', credential });

/** Hands out the credentials of a namespace; without a context, or for another one, anonymous alone. */
export const createFakeKeychain = (
  byNamespace: Readonly<Record<string, readonly CredentialOffer[]>> = {},
): Keychain => ({
  offers: async function* (_: Repository, context: PullContext | undefined) {
    yield* byNamespace[context?.namespace ?? ''] ?? [offer(anonymous)];
  },
});

export interface FakeContentStore extends ContentStore {
  readonly entries: Map<string, Uint8Array>;
}
export const createFakeContentStore = (): FakeContentStore => {
  const entries = new Map<string, Uint8Array>();
  const key = ({ host, repository, digest }: PinnedImage): string => `${host}/${repository} ${digest}`;
  return {
    entries,
    get: (image) => Promise.resolve(entries.get(key(image))),
    put: (image, bytes) => {
      entries.set(key(image), bytes);
    },
  };
};

/** One call of the port. */
export interface FakeCall {
  readonly verb: 'head' | 'manifest' | 'blob' | 'has' | 'stream';
  readonly place: string;
  /** Tag or digest. */
  readonly name: string;
  readonly credential: string;
  readonly budget: ReadBudget;
}
/** An answer instead of the true one; `undefined` lets the truth through. */
export type FakeAnswer = (
  call: FakeCall,
) => RegistryAnswer<never> | Promise<RegistryAnswer<never> | undefined> | undefined;

export interface FakeRegistryPort extends Registry {
  readonly calls: FakeCall[];
  push(place: string, manifest: FakeManifest, ...tags: readonly string[]): void;
  /** Only these credentials (by key) may read the place. */
  restrict(place: string, ...keys: readonly string[]): void;
  remove(place: string, name: string): void;
  /** What a HEAD names; absent: the truth. */
  hint?: (call: FakeCall, truth: Digest) => Digest | undefined;
  /** Stands before every answer. */
  answer: FakeAnswer;
}

export const failure = (kind: RegistryFailure['kind'], why = 'connection refused'): RegistryAnswer<never> =>
  unavailableBy({ kind, stage: 'manifest', host: 'registry.example.com', why });

interface Place {
  readonly tags: Map<string, string>;
  readonly content: Map<string, Uint8Array>;
  keys?: ReadonlySet<string>;
}

/** Verbs whose bytes are taken from the budget. */
const countedVerbs: ReadonlySet<FakeCall['verb']> = new Set(['manifest', 'blob']);

/** A registry behind its port, in memory: counts, restricts, and fails when told. */
export const createFakeRegistryPort = (): FakeRegistryPort => {
  const places = new Map<string, Place>();
  const calls: FakeCall[] = [];
  const placeOf = (name: string): Place => {
    const place = places.get(name) ?? {
      tags: new Map<string, string>(),
      content: new Map<string, Uint8Array>(),
    };
    places.set(name, place);
    return place;
  };
  const keep = (place: Place, { digest, bytes, blobs, children }: FakeManifest): void => {
    place.content.set(digest, bytes);
    for (const blob of blobs) place.content.set(blob.digest, blob.bytes);
    for (const child of children) keep(place, child);
  };
  const answer = async (
    call: FakeCall,
    truth: (place: Place) => Content | undefined,
  ): Promise<RegistryAnswer<Content>> => {
    calls.push(call);
    const scripted = await port.answer(call);
    if (scripted !== undefined) return scripted;
    const place = places.get(call.place);
    if (place?.keys !== undefined && !place.keys.has(call.credential))
      return failure('denied', '401 Unauthorized');
    const content = place === undefined ? undefined : truth(place);
    if (content === undefined) return { state: 'absent' };
    if (countedVerbs.has(call.verb) && !call.budget.take(content.bytes.length)) {
      return failure('limit', 'the review has read its share');
    }
    return { state: 'known', value: content };
  };
  const contentOf = (place: Place, digest: string | undefined): Content | undefined => {
    const bytes = digest === undefined ? undefined : place.content.get(digest);
    return bytes === undefined ? undefined : { digest: digestOf(bytes), bytes };
  };
  const find = (place: Place, name: ManifestName): Content | undefined =>
    contentOf(place, 'tag' in name ? place.tags.get(name.tag) : name.digest);
  const call = (
    verb: FakeCall['verb'],
    repository: Repository,
    name: string,
    credential: Credential,
    budget: ReadBudget,
  ): FakeCall => ({
    verb,
    place: `${repository.host}/${repository.repository}`,
    name,
    credential: credential.key,
    budget,
  });
  const textOf = (name: ManifestName): string => ('tag' in name ? name.tag : name.digest);
  const notUsed = (): never => {
    throw new Error('not part of this double');
  };
  const port: FakeRegistryPort = {
    calls,
    answer: () => undefined,
    push: (name, manifest, ...tags) => {
      const place = placeOf(name);
      keep(place, manifest);
      for (const tag of tags) place.tags.set(tag, manifest.digest);
    },
    restrict: (name, ...keys) => {
      placeOf(name).keys = new Set(keys);
    },
    remove: (name, what) => {
      placeOf(name).tags.delete(what);
      placeOf(name).content.delete(what);
    },
    head: async (repository, name, credential, budget) => {
      const asked = call('head', repository, textOf(name), credential, budget);
      const found = await answer(asked, (place) => find(place, name));
      if (found.state !== 'known') return found;
      const { digest } = found.value;
      return { state: 'known', value: port.hint === undefined ? digest : port.hint(asked, digest) };
    },
    manifest: async (repository, name, credential, budget) => {
      const asked = call('manifest', repository, textOf(name), credential, budget);
      const found = await answer(asked, (place) => find(place, name));
      if (found.state !== 'known') return found;
      return { state: 'known', value: { ...found.value, mediaType: '' } };
    },
    blob: (repository, { digest }, _, credential, budget) =>
      answer(call('blob', repository, digest, credential, budget), (place) => contentOf(place, digest)),
    streamBlob: async (repository, { digest }, take, credential, budget) => {
      const asked = call('stream', repository, digest, credential, budget);
      const found = await answer(asked, (place) => contentOf(place, digest));
      if (found.state !== 'known') return found;
      return { state: 'known', value: (await take(found.value.bytes)) ? 'whole' : 'stopped' };
    },
    hasBlob: async (repository, digest, credential, budget) => {
      const asked = call('has', repository, digest, credential, budget);
      const found = await answer(asked, (place) => contentOf(place, digest));
      return found.state === 'known' ? { state: 'known', value: true } : found;
    },
    referrers: notUsed,
    ping: notUsed,
  };
  return port;
};
