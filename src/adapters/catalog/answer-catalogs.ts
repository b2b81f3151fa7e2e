import { deserialize, serialize } from 'node:v8';
import { parentPort } from 'node:worker_threads';
import type { CatalogedLayer } from '../../core/catalog/cataloged-layer.ts';
import { catalogImage } from '../../core/catalog/image-catalog.ts';
import { messageOf, ok } from '../../core/result.ts';
import type { CatalogReply, CatalogRequest, LayerPlace } from './catalog-messages.ts';
import { readLayer, type ReadLayer } from './read-layer.ts';

const post = (reply: CatalogReply, moved: readonly ArrayBuffer[] = []): void =>
  parentPort?.postMessage(reply, moved);

/** Chunks in the order in which they come; who reads them says so, and gets the next. */
const createChunks = () => {
  const waiting: (Uint8Array<ArrayBuffer> | undefined)[] = [];
  let wake = (): void => {};
  const add = (chunk: Uint8Array<ArrayBuffer> | undefined): void => {
    waiting.push(chunk);
    wake();
  };
  // oxlint-disable-next-line func-style -- a generator has no arrow form
  async function* all(): AsyncGenerator<Uint8Array> {
    for (;;) {
      while (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const chunk = waiting.shift();
      if (chunk === undefined) return;
      yield chunk;
      // Nobody looks at it any more: its memory goes back.
      const memory = chunk.buffer;
      post({ kind: 'taken', memory }, [memory]);
    }
  }
  return { add, all };
};

const layers: CatalogedLayer[] = [];
let chunks = createChunks();
const keep = (at: number, place: LayerPlace, { root, isLazy }: ReadLayer): void => {
  layers[at] = { ...place, root, isLazy: place.isLazy || isLazy };
};
const begin = async ({ at, place, reading }: CatalogRequest & { kind: 'begin' }): Promise<void> => {
  chunks = createChunks();
  const read = await readLayer(chunks.all(), reading);
  if (!read.ok) {
    post({ kind: 'layer', read });
    return;
  }
  keep(at, place, read.value);
  const bytes = serialize(read.value);
  post({ kind: 'layer', read: ok({ bytes, unpacked: read.value.unpacked }) }, [bytes.buffer]);
};
const answer = async (request: CatalogRequest): Promise<void> => {
  try {
    if (request.kind === 'begin') await begin(request);
    else if (request.kind === 'chunk') chunks.add(request.bytes);
    else if (request.kind === 'end') chunks.add(undefined);
    else if (request.kind === 'known') {
      keep(request.at, request.place, deserialize(request.layer) as ReadLayer);
      post({ kind: 'layer', read: ok({ bytes: new Uint8Array(0), unpacked: 0 }) });
    } else post({ kind: 'catalog', catalog: catalogImage(layers) });
  } catch (error) {
    post({ kind: 'failed', why: messageOf(error) });
  }
};

/** Catalogs one image: its layers are read or known, then laid over one another. */
export const answerCatalogs = (): void => {
  parentPort?.on('message', (request: CatalogRequest) => void answer(request));
};
