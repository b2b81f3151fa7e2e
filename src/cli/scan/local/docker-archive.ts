import type { PlatformChoice } from '../../../core/facts/image-facts.ts';
import { chosenOf } from '../../../core/facts/platform-choice.ts';
import { countsDiffer, readConfiguredLayers } from '../../../core/layer/image-layers.ts';
import { readConfig } from '../../../core/oci/config.ts';
import { readDockerArchive, type ArchivedImage } from '../../../core/layer/docker-archive.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { digestOf } from '../../../evidence/content-digest.ts';
import { defaultEvidenceLimits as limits } from '../../../evidence/limits.ts';
import { namedLayer, readContents, type ImageContents } from './image-contents.ts';
import type { LocalImage } from './oci-layout.ts';

/** How a layer is packed, its first bytes say. */
const layerType = 'application/vnd.docker.image.rootfs.diff.tar';

const readOne = async (
  contents: ImageContents,
  platforms: PlatformChoice,
  { config: name, layers }: ArchivedImage,
): Promise<readonly LocalImage[]> => {
  const bytes = await readContents(contents, name, limits.configBytes);
  if (!bytes.ok) return [{ layers: bytes }];
  const config = readConfig(bytes.value, limits);
  const configured = readConfiguredLayers(bytes.value);
  if (!config.ok) return [{ layers: fail(`${name} cannot be read: ${config.error.why}`) }];
  const { platform } = config.value;
  if (chosenOf(platforms, [platform], (one) => one).length === 0) return [];
  const image = { platform, config: digestOf(bytes.value, 'sha256') };
  if (!configured.ok) return [{ ...image, layers: fail(`${name} cannot be read: ${configured.error.why}`) }];
  if (configured.value.length !== layers.length)
    return [{ ...image, layers: fail(countsDiffer(layers.length, configured.value.length).error.why) }];
  const sources = configured.value.map((layer, at) => {
    // It has no other digest here than that of what it unpacks to.
    const words = { ...layer, digest: layer.diffId, mediaType: layerType };
    return namedLayer(contents, layers[at] ?? '', words);
  });
  return [{ ...image, layers: ok(sources) }];
};

/** The images of an archive of `docker save`, those of the platforms that are asked for. */
export const imagesOfDockerArchive = async (
  contents: ImageContents,
  platforms: PlatformChoice,
): Promise<Result<readonly LocalImage[], string>> => {
  const bytes = await readContents(contents, 'manifest.json', limits.manifestBytes);
  if (!bytes.ok) return bytes;
  const archived = readDockerArchive(bytes.value, limits);
  if (!archived.ok) return fail(`manifest.json cannot be read: ${archived.error.why}`);
  const images: LocalImage[] = [];
  for (const one of archived.value) images.push(...(await readOne(contents, platforms, one)));
  return ok(images);
};
