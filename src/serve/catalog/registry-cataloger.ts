import type { ImageCataloger, LayerSource } from '../../adapters/catalog/image-cataloger.ts';
import type { ImageLayer } from '../../core/layer/image-layers.ts';
import { fail, ok } from '../../core/result.ts';
import { shown } from '../../core/text/shown-text.ts';
import type {
  Cataloger,
  LayeredImage,
  ReadBudget,
  Registry,
  RegistryFailure,
  TakeChunk,
} from '../../evidence/ports.ts';

/** Files, folders and links of one layer. A layer of half a million files takes half of the memory of a thread. */
export const maxLayerEntries = 1_000_000;

const failureOf = (host: string, why: string): RegistryFailure => ({
  kind: 'invalid',
  stage: 'blob',
  host,
  why,
});

/** A layer as its registry delivers it. */
const layerOf = (
  registry: Pick<Registry, 'streamBlob' | 'hasBlob'>,
  { repository, credential }: LayeredImage,
  { digest, size, diffId, mediaType, annotations, createdBy }: ImageLayer,
  budget: ReadBudget,
): LayerSource<RegistryFailure> => {
  const { host } = repository;
  // Tokens have bounds of their own, and are no bytes of a layer.
  const within = (signal: AbortSignal): ReadBudget => ({ ...budget, signal, take: () => true });
  return {
    host,
    digest,
    size,
    mediaType,
    annotations,
    diffId,
    ...(createdBy !== undefined && { createdBy }),
    read: async (take, signal) => {
      let isSpent = false;
      const counted: TakeChunk = async (chunk, from) => {
        isSpent = !budget.take(chunk.length);
        return !isSpent && take(chunk, from);
      };
      const answer = await registry.streamBlob(
        repository,
        { digest, size },
        counted,
        credential,
        within(signal),
      );
      if (answer.state === 'unavailable') return fail(answer.why);
      if (answer.state === 'absent')
        return fail(failureOf(host, `${shown(repository.repository)} does not hold the layer ${digest}`));
      return isSpent
        ? fail({ ...failureOf(host, 'no more of its layers may be read'), kind: 'limit' })
        : ok(undefined);
    },
    mayKnow: async () => {
      const answer = await registry.hasBlob(repository, digest, credential, within(budget.signal));
      return answer.state === 'known';
    },
  };
};

/** Finds packages in layers of registries: `images` reads layers, whoever brings them, and `registry` brings them. */
export const createRegistryCataloger = (
  registry: Pick<Registry, 'streamBlob' | 'hasBlob'>,
  images: ImageCataloger,
): Cataloger => ({
  catalog: (image, { timeMs, unpacked }, budget) => {
    const layers = image.layers.map((layer) => layerOf(registry, image, layer, budget));
    return images.catalog(layers, { timeMs, unpacked, entries: maxLayerEntries }, budget.signal);
  },
});
