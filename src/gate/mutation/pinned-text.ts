import type { Digest } from '../../core/image/digest.ts';
import { formatReference, type ImageReference } from '../../core/image/reference.ts';

/**
 * The text of an image with its digest: full name, the tag that the runtime would have used, digest. The tag is written
 * even where it was implied: people read it, and a policy that refuses `latest` must still see it.
 * @example pinnedText(parse('nginx'), digest) === 'docker.io/library/nginx:latest@sha256:…'
 */
export const pinnedText = (image: ImageReference, digest: Digest): string => {
  const { given, host, hostname, hostWritten, repository, tag } = image;
  const named = formatReference({
    given,
    host,
    hostname,
    hostWritten,
    repository,
    ...(tag === undefined ? {} : { tag }),
  });
  return `${named}@${digest}`;
};
