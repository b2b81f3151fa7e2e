import { fieldNames } from './json-fields.ts';

/** Fields of manifests and indexes (OCI image-spec; Docker schemas 1 and 2), by which a stranger in another case is known. */
export const manifestFields = fieldNames(
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'subject',
  'annotations',
  'fsLayers',
);

/** OCI image-spec, "Descriptor". */
export const descriptorFields = fieldNames(
  'mediaType',
  'digest',
  'size',
  'urls',
  'data',
  'artifactType',
  'platform',
  'annotations',
);

/** `platform` of a descriptor of an index. */
export const platformFields = fieldNames('os', 'os.version', 'os.features', 'architecture', 'variant');
