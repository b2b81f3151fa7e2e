import type { PlatformChoice } from '../../../core/facts/image-facts.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { imagesOfDockerArchive } from './docker-archive.ts';
import { imagesOfLayout, type LocalImage } from './oci-layout.ts';
import { tarContents } from './tar-contents.ts';

/**
 * The images of an archive, of `docker save` or an OCI layout. Newer ones are both. Attack: two lists of images in one file,
 * of which one program loads the one and another program the other. So the images of both are looked at; two with the same
 * config have the same files.
 */
export const imagesOfArchive = async (
  path: string,
  platforms: PlatformChoice,
): Promise<Result<readonly LocalImage[], string>> => {
  const contents = await tarContents(path);
  if (!contents.ok) return contents;
  const images: LocalImage[] = [];
  let isEither = false;
  for (const [name, read] of [
    ['index.json', imagesOfLayout],
    ['manifest.json', imagesOfDockerArchive],
  ] as const) {
    if (!contents.value.holds(name)) continue;
    isEither = true;
    const found = await read(contents.value, platforms);
    if (!found.ok) return found;
    const known = new Set(images.flatMap(({ config, layers }) => (layers.ok && config ? [config] : [])));
    images.push(...found.value.filter(({ config }) => config === undefined || !known.has(config)));
  }
  return isEither ? ok(images) : fail('it is neither an archive of `docker save` nor an OCI layout');
};
