export type ManifestShape = 'image' | 'index';

/** Media types of what a container runtime can be told to run. Source: OCI image-spec 1.1; Docker image manifest 2.2. */
export const manifestTypes = {
  image: [
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.v2+json',
  ],
  index: [
    'application/vnd.oci.image.index.v1+json',
    'application/vnd.docker.distribution.manifest.list.v2+json',
  ],
} as const satisfies Readonly<Record<ManifestShape, readonly string[]>>;

/** The kind of document of a media type; `undefined` for everything that no runtime runs. */
export const shapeOfType = (mediaType: string): ManifestShape | undefined => {
  if ((manifestTypes.image as readonly string[]).includes(mediaType)) return 'image';
  return (manifestTypes.index as readonly string[]).includes(mediaType) ? 'index' : undefined;
};
