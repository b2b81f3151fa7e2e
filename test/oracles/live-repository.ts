import { ask } from '../fakes/registry/registry-client.ts';
import { blob, mediaTypes, rawManifest, type FakeManifest } from '../fakes/registry/registry-content.ts';
import { fallbackTag } from '../fakes/registry/registry-store.ts';
import type { RecordedRepository } from './recording.ts';

const accept = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerList,
].join(', ');

interface Descriptor {
  readonly digest: string;
}
interface Manifest {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}
export interface LiveManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** A repository of a registry without login, read as verifiers read it. */
export interface LiveRepository {
  manifest(reference: string): Promise<LiveManifest | undefined>;
  blob(digest: string): Promise<Buffer>;
  /** What the Referrers API lists; nothing where there is none. */
  referrers(digest: string): Promise<readonly string[]>;
}

export const openRepository = (url: string, name: string): LiveRepository => ({
  manifest: async (reference) => {
    const { status, headers, body } = await ask(`${url}/v2/${name}/manifests/${reference}`, {
      headers: { accept },
    });
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`manifest ${name}:${reference}: ${status}`);
    return {
      digest: String(headers['docker-content-digest']),
      mediaType: String(headers['content-type']),
      bytes: body,
    };
  },
  blob: async (digest) => {
    const { status, body } = await ask(`${url}/v2/${name}/blobs/${digest}`);
    if (status !== 200) throw new Error(`blob ${name}@${digest}: ${status}`);
    return body;
  },
  referrers: async (digest) => {
    const { status, body } = await ask(`${url}/v2/${name}/referrers/${digest}`);
    if (status !== 200) return [];
    return (JSON.parse(body.toString()) as Manifest).manifests!.map((one) => one.digest);
  },
});

/** The tags under which candidates of an image stand: signatures, attestations, referrers without the API. */
const tagsOf = (digest: string): readonly string[] => {
  const base = fallbackTag(digest);
  return [`${base}.sig`, `${base}.att`, base];
};

/** Digests of the manifests beside an image that may speak for it. */
export const candidatesOf = async (
  repository: LiveRepository,
  digest: string,
): Promise<readonly string[]> => {
  const tagged = await Promise.all(tagsOf(digest).map((tag) => repository.manifest(tag)));
  const found = tagged.flatMap((one) => {
    if (one === undefined) return [];
    const { manifests } = JSON.parse(one.bytes.toString()) as Manifest;
    return manifests === undefined ? [one.digest] : manifests.map((child) => child.digest);
  });
  return [...new Set([...found, ...(await repository.referrers(digest))])];
};

/** Everything about one image, byte for byte. */
export const copyRepository = async (
  repository: LiveRepository,
  digest: string,
): Promise<RecordedRepository> => {
  const manifests = new Map<string, LiveManifest>();
  const blobs = new Map<string, Buffer>();
  const tags: Record<string, string> = {};
  const copy = async (reference: string): Promise<string | undefined> => {
    const found = await repository.manifest(reference);
    if (found === undefined || manifests.has(found.digest)) return found?.digest;
    manifests.set(found.digest, found);
    const { config, layers = [], manifests: children = [] } = JSON.parse(found.bytes.toString()) as Manifest;
    for (const { digest: part } of [...(config ? [config] : []), ...layers])
      blobs.set(part, await repository.blob(part));
    for (const child of children) await copy(child.digest);
    return found.digest;
  };
  await copy(digest);
  for (const tag of tagsOf(digest)) {
    const tagged = await copy(tag);
    if (tagged !== undefined) tags[tag] = tagged;
  }
  for (const referrer of await repository.referrers(digest)) await copy(referrer);
  return {
    manifests: [...manifests.values()].map(({ mediaType, bytes }) => ({
      mediaType,
      bytes: bytes.toString('base64'),
    })),
    blobs: [...blobs.values()].map((bytes) => bytes.toString('base64')),
    tags,
  };
};

/** A manifest that cosign pushed, as values that can be changed, and what it points to. */
export const readCandidate = async (repository: LiveRepository, digest: string): Promise<Candidate> => {
  const found = (await repository.manifest(digest))!;
  const manifest = JSON.parse(found.bytes.toString()) as CandidateManifest;
  const layers = await Promise.all(manifest.layers.map((layer) => repository.blob(layer.digest)));
  return { manifest, layers, config: await repository.blob(manifest.config.digest) };
};

export interface CandidateManifest {
  readonly mediaType: string;
  readonly config: LayerDescriptor;
  readonly layers: readonly LayerDescriptor[];
  readonly subject?: LayerDescriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
export interface LayerDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}
export interface Candidate {
  readonly manifest: CandidateManifest;
  readonly layers: readonly Buffer[];
  readonly config: Buffer;
}

/** Ready to be pushed: every digest and size is made anew, so only what was changed on purpose is wrong. */
export const packCandidate = ({ manifest, layers, config }: Candidate): FakeManifest => {
  const blobs = [config, ...layers].map((bytes) => blob(bytes, 'application/octet-stream'));
  const [configBlob, ...layerBlobs] = blobs;
  const content = {
    schemaVersion: 2,
    ...manifest,
    config: { ...manifest.config, digest: configBlob!.digest, size: config.length },
    layers: manifest.layers.map((layer, index) => ({
      ...layer,
      digest: layerBlobs[index]!.digest,
      size: layers[index]!.length,
    })),
  };
  return rawManifest(content, manifest.mediaType ?? mediaTypes.ociManifest, { blobs });
};
