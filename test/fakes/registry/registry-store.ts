import { type FakeDescriptor, type FakeManifest, digestOf, index } from './registry-content.ts';
import type { Digest } from '../../../src/core/image/digest.ts';

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
}
interface StoredRepository {
  readonly manifests: Map<string, StoredManifest>;
  readonly blobs: Map<string, Buffer>;
  readonly tags: Map<string, string>;
}

/** What the registry double holds. */
export interface RegistryStore {
  /**
   * Stores a manifest with its blobs and children. Without a Referrers API one with a `subject` also goes into the index
   * under the fallback tag, as a client must do (distribution-spec 1.1, "Pushing Manifests with Subject").
   */
  push(repository: string, manifest: FakeManifest, ...tags: readonly string[]): void;
  pushBlob(repository: string, bytes: Uint8Array): Digest;
  tag(repository: string, tag: string, digest: string): void;
  untag(repository: string, tag: string): void;
  /** Removes a manifest or a blob; tags that name it stay and lead nowhere. */
  remove(repository: string, digest: string): void;
  /** By tag or digest. */
  manifest(repository: string, reference: string): StoredManifest | undefined;
  blob(repository: string, digest: string): Buffer | undefined;
  tags(repository: string): readonly string[] | undefined;
  referrers(repository: string, digest: string): readonly FakeDescriptor[];
}

export const fallbackTag = (digest: string): string => digest.replace(':', '-');

interface ReadableManifest {
  readonly artifactType?: string;
  readonly subject?: { readonly digest?: string };
  readonly config?: { readonly mediaType?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

const readable = (bytes: Buffer): ReadableManifest => {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
};

const referrerDescriptor = ({ digest, mediaType, bytes }: StoredManifest): FakeDescriptor => {
  const { artifactType, config, annotations } = readable(bytes);
  const type = artifactType ?? config?.mediaType;
  return {
    mediaType,
    digest,
    size: bytes.length,
    ...(type !== undefined && { artifactType: type }),
    ...(annotations && { annotations }),
  };
};

export const createRegistryStore = (hasReferrers: () => boolean): RegistryStore => {
  const repositories = new Map<string, StoredRepository>();
  const at = (name: string): StoredRepository => {
    const found = repositories.get(name) ?? { manifests: new Map(), blobs: new Map(), tags: new Map() };
    repositories.set(name, found);
    return found;
  };
  const keep = (name: string, { digest, mediaType, bytes, blobs, children }: FakeManifest): void => {
    const repository = at(name);
    for (const { digest, bytes } of blobs) repository.blobs.set(digest, bytes);
    for (const child of children) keep(name, child);
    repository.manifests.set(digest, { digest, mediaType, bytes });
  };
  const referrers = (name: string, digest: string): FakeDescriptor[] =>
    [...(repositories.get(name)?.manifests.values() ?? [])]
      .filter(({ bytes }) => readable(bytes).subject?.digest === digest)
      .map(referrerDescriptor);
  const updateFallback = (name: string, { bytes }: FakeManifest): void => {
    const subject = readable(bytes).subject?.digest;
    if (subject === undefined || hasReferrers()) return;
    const listing = index([], { descriptors: referrers(name, subject) });
    keep(name, listing);
    at(name).tags.set(fallbackTag(subject), listing.digest);
  };
  return {
    push: (name, manifest, ...tags) => {
      keep(name, manifest);
      for (const tag of tags) at(name).tags.set(tag, manifest.digest);
      updateFallback(name, manifest);
    },
    pushBlob: (name, bytes) => {
      const digest = digestOf(bytes);
      at(name).blobs.set(digest, Buffer.from(bytes));
      return digest;
    },
    tag: (name, tag, digest) => void at(name).tags.set(tag, digest),
    untag: (name, tag) => void at(name).tags.delete(tag),
    remove: (name, digest) => {
      at(name).manifests.delete(digest);
      at(name).blobs.delete(digest);
    },
    manifest: (name, reference) => {
      const repository = repositories.get(name);
      return repository?.manifests.get(repository.tags.get(reference) ?? reference);
    },
    blob: (name, digest) => repositories.get(name)?.blobs.get(digest),
    tags: (name) => {
      const tags = repositories.get(name)?.tags.keys();
      return tags && [...tags].sort();
    },
    referrers,
  };
};
