import { known, unavailableBy } from '../../core/facts/fact.ts';
import { choiceKey, chosenOf } from '../../core/facts/platform-choice.ts';
import type { ImageFacts, PlatformChoice, PlatformImage } from '../../core/facts/image-facts.ts';
import type { Digest } from '../../core/image/digest.ts';
import { readConfig } from '../../core/oci/config.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { ImageIndex } from '../../core/oci/image-index.ts';
import {
  readManifest,
  type AnyManifest,
  type ArtifactManifest,
  type ImageManifest,
} from '../../core/oci/manifest.ts';
import { isEmptyObject, provesNoImage } from '../../core/oci/no-config.ts';
import { formatPlatform, type Platform } from '../../core/oci/platform.ts';
import { timesOf } from '../../core/oci/time.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { Unreadable } from '../../core/text/unreadable.ts';
import { mapLimit } from '../../concurrency/map-limit.ts';
import type { LruCache } from '../../concurrency/cache/lru-cache.ts';
import { repositoryKey } from '../cache/access-grants.ts';
import { artifactImage, platformImage, weightOfFacts, type Entry } from './image-facts.ts';
import { besideImages, imagesOf, type Leaf } from './index-leaves.ts';
import type { RegistryAnswer, RegistryFailure, RegistryStage } from '../ports.ts';
import type { ProviderParts } from '../provider.ts';
import type { Reading } from '../resolve/read-budget.ts';
import type { ResolvedImage } from '../resolve/attempts.ts';
import { readPlaceOf, readContent } from '../read-content.ts';

interface ImageWanted {
  readonly resolved: ResolvedImage;
  readonly platforms: PlatformChoice;
}

/** The state of one read of an image. */
interface Job extends ImageWanted {
  readonly parts: ProviderParts;
  readonly reading: Reading;
  /** The number of images in all its indexes so far. */
  children: number;
}

/** A manifest within the image: the root, or a child of an index. */
interface Node {
  readonly digest: Digest;
  readonly size?: number;
  /** The platform and the time of creation in the index. */
  readonly entry: Entry;
  /** The index names no platform for it, or none for the index that contains it. */
  readonly unnamed?: true;
  /** 0: the root. */
  readonly depth: number;
  readonly bytes?: Uint8Array;
}

const failed = (
  { resolved }: Job,
  kind: RegistryFailure['kind'],
  stage: RegistryStage,
  why: string,
): RegistryAnswer<never> => unavailableBy({ kind, stage, host: resolved.image.host, why, unreadable: true });
const unreadable = (job: Job, stage: RegistryStage, { kind, why }: Unreadable): RegistryAnswer<never> =>
  failed(job, kind, stage, why);

const loadManifest = async (job: Job, node: Node): Promise<RegistryAnswer<Uint8Array>> => {
  if (node.bytes !== undefined) return known(node.bytes);
  const { digest, size } = node;
  const wanted = { stage: 'manifest', digest, ...(size === undefined ? {} : { size }) } as const;
  const answer = await readContent(job.parts, readPlaceOf(job.resolved), wanted, job.reading);
  if (answer.state !== 'absent') return answer;
  // A missing image is not `absent`: it may be pushed between this read and the kubelet's pull.
  const { named } = node.entry;
  const which = named === undefined ? 'the image' : `the image for ${shown(formatPlatform(named))}`;
  return failed(
    job,
    'invalid',
    'manifest',
    `${which} is named and is not there; name the platforms that run`,
  );
};

const loadConfig = async (job: Job, config: Descriptor): Promise<RegistryAnswer<Uint8Array>> => {
  const limit = job.parts.limits.configBytes;
  if (config.size > limit) return failed(job, 'limit', 'blob', `its config is larger than ${limit} bytes`);
  const { digest, size } = config;
  const wanted = { stage: 'blob', digest, size, limit } as const;
  const answer = await readContent(job.parts, readPlaceOf(job.resolved), wanted, job.reading);
  return answer.state === 'absent'
    ? failed(job, 'invalid', 'blob', 'the config of the image is not there')
    : answer;
};

const leafOf = ({ unnamed }: Node, image: PlatformImage, proven: boolean): Leaf => ({
  image: unnamed === true ? { ...image, unnamed } : image,
  ...(proven ? { proven } : {}),
});

const readOne = async (
  job: Job,
  node: Node,
  manifest: ImageManifest,
): Promise<RegistryAnswer<readonly Leaf[]>> => {
  const bytes = await loadConfig(job, manifest.config);
  if (bytes.state !== 'known') return bytes;
  await job.parts.eventLoop.before(bytes.value.length);
  const { layers, size, created, otherwise } = manifest;
  if (otherwise !== undefined && provesNoImage(bytes.value)) {
    const time = created === undefined ? {} : { created };
    const made: ArtifactManifest = { kind: 'artifact', isOci: false, ...otherwise, layers, size, ...time };
    // CRI-O runs everything with the media types of an image, whatever its config is. So it is not proven to be no image.
    return known([leafOf(node, artifactImage(node.digest, made, node.entry), false)]);
  }
  const config = readConfig(bytes.value, job.parts.limits);
  if (!config.ok) return unreadable(job, 'blob', config.error);
  const image = platformImage(node.digest, manifest, config.value, node.entry);
  if (!image.ok) return unreadable(job, 'blob', image.error);
  return known([leafOf(node, image.value, false)]);
};

/** Of an artifact beside images the config is read too: only its bytes prove that it is no image. */
const readArtifact = async (
  job: Job,
  node: Node,
  manifest: ArtifactManifest,
): Promise<RegistryAnswer<readonly Leaf[]>> => {
  const image = artifactImage(node.digest, manifest, node.entry);
  const leaf = (proven: boolean): RegistryAnswer<readonly Leaf[]> => known([leafOf(node, image, proven)]);
  const { config, isOci } = manifest;
  if (node.depth === 0 || !isOci) return leaf(false);
  if (config === undefined || isEmptyObject(config.digest)) return leaf(true);
  const bytes = await loadConfig(job, config);
  if (bytes.state !== 'known') return bytes;
  await job.parts.eventLoop.before(bytes.value.length);
  return leaf(provesNoImage(bytes.value));
};

const readChildren = async (
  job: Job,
  node: Node,
  index: ImageIndex,
): Promise<RegistryAnswer<readonly Leaf[]>> => {
  const { limits } = job.parts;
  if (node.depth >= limits.indexDepth) {
    return failed(job, 'limit', 'manifest', `its indexes are nested deeper than ${limits.indexDepth} levels`);
  }
  const platformOf = ({ platform }: Descriptor): Platform | undefined => platform ?? node.entry.named;
  const chosen = chosenOf(job.platforms, index.children, platformOf);
  const nodes = chosen.map((child): Node => {
    const { digest, size } = child;
    const named = platformOf(child);
    const unnamed = named === undefined || node.unnamed === true;
    const times = timesOf(child.created, index.created, ...node.entry.times);
    return {
      digest,
      size,
      depth: node.depth + 1,
      entry: named === undefined ? { times } : { named, times },
      ...(unnamed ? { unnamed } : {}),
    };
  });
  job.children += nodes.length;
  if (job.children > limits.indexChildren) {
    return failed(job, 'limit', 'manifest', `its indexes hold more than ${limits.indexChildren} images`);
  }
  let failure: RegistryAnswer<never> | undefined;
  const found = await mapLimit(nodes, limits.childrenAtOnce, async (child) => {
    if (failure !== undefined) return [];
    const answer = await readNode(job, child);
    if (answer.state === 'known') return answer.value;
    failure = answer;
    return [];
  });
  return failure ?? known(besideImages(chosen, found));
};

const openManifest = async (job: Job, node: Node): Promise<RegistryAnswer<AnyManifest>> => {
  const bytes = await loadManifest(job, node);
  if (bytes.state !== 'known') return bytes;
  await job.parts.eventLoop.before(bytes.value.length);
  const manifest = readManifest(bytes.value, job.parts.limits);
  return manifest.ok ? known(manifest.value) : unreadable(job, 'manifest', manifest.error);
};

const readBelow = (job: Job, node: Node, manifest: AnyManifest): Promise<RegistryAnswer<readonly Leaf[]>> => {
  switch (manifest.kind) {
    case 'index':
      return readChildren(job, node, manifest);
    case 'image':
      return readOne(job, node, manifest);
    case 'artifact':
      return readArtifact(job, node, manifest);
    default:
      return manifest satisfies never;
  }
};

const readNode = async (job: Job, node: Node): Promise<RegistryAnswer<readonly Leaf[]>> => {
  const manifest = await openManifest(job, node);
  return manifest.state === 'known' ? readBelow(job, node, manifest.value) : manifest;
};

const readFacts = async (job: Job): Promise<RegistryAnswer<ImageFacts>> => {
  const { image, bytes } = job.resolved;
  const { digest } = image;
  const root: Node = { digest, depth: 0, entry: { times: [] }, ...(bytes === undefined ? {} : { bytes }) };
  const manifest = await openManifest(job, root);
  if (manifest.state !== 'known') return manifest;
  const leaves = await readBelow(job, root, manifest.value);
  if (leaves.state !== 'known') return leaves;
  const isIndex = manifest.value.kind === 'index';
  return known({ digest, isIndex, platforms: imagesOf(leaves.value) });
};

/**
 * R25: a registry that has delivered the manifest can be reached. So it is no outage when content below the manifest does not
 * come, whatever the cause. Attack: push an image with a config or a child that takes for ever.
 */
const notExcusable = <T>(answer: RegistryAnswer<T>): RegistryAnswer<T> => {
  if (answer.state !== 'unavailable') return answer;
  const { excusable: _, ...failure } = answer.why;
  return unavailableBy(failure);
};

/**
 * The facts of a manifest that the caller has read. They follow from the digest and cannot change, so they are cached for
 * every caller with an access grant.
 */
export const readImage = async (
  parts: ProviderParts,
  memory: LruCache<ImageFacts>,
  wanted: ImageWanted,
  reading: Reading,
): Promise<RegistryAnswer<ImageFacts>> => {
  const { resolved, platforms } = wanted;
  const { image, credential, outage } = resolved;
  const key = `${image.digest} ${choiceKey(platforms)} ${repositoryKey(image)}`;
  const cached = memory.get(key);
  if (cached !== undefined) return known(cached);
  // In an outage only cached content is read. That is other work than a whole read, so it has its own key.
  const kind = outage === undefined ? 'facts' : 'held';
  const plan = { key: `${kind} ${key}\n${credential.key}`, host: image.host };
  const answer = await parts.sharedReads.do({ ...plan, stage: 'manifest' }, reading, async (reading) => {
    const answer = await readFacts({ ...wanted, parts, reading, children: 0 });
    if (answer.state === 'known') memory.set(key, answer.value, weightOfFacts(answer.value));
    return answer;
  });
  return outage === undefined ? notExcusable(answer) : answer;
};
