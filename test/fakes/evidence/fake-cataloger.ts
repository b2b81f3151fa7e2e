import { gunzipSync } from 'node:zlib';
import { untilAborted } from '../../../src/concurrency/abort.ts';
import { fail, ok } from '../../../src/core/result.ts';
import type { Package } from '../../../src/core/vulnerability/package.ts';
import type { Cataloger, LayeredImage, NoPackageList, Registry } from '../../../src/evidence/ports.ts';

/** The text of a layer with these npm packages. */
export const layerWith = (...names: readonly string[]): string => names.join('\n');
/** The text of a layer that nobody can read. */
export const bomb = 'bomb';
/** The text of a layer over which its reader fails, for a reason that may pass. */
export const defect = 'defect';

export interface FakeCataloger extends Cataloger {
  /** Repositories of the images that were looked into, in order. */
  readonly looked: readonly string[];
  /** From now on each look waits before each layer, until what is returned is called. */
  hold(): () => void;
  /** How many looks have not ended. */
  readonly underWay: number;
}

const failedBy = (why: NoPackageList) => fail(why);

/** Finds packages in layers that are lists of names. It reads them from the registry, with the credential that it is given. */
export const createFakeCataloger = (registry: Pick<Registry, 'blob'>): FakeCataloger => {
  const looked: string[] = [];
  let underWay = 0;
  let turn = Promise.resolve();
  const read = async (
    { repository, credential, layers }: LayeredImage,
    budget: Parameters<Cataloger['catalog']>[2],
  ): ReturnType<Cataloger['catalog']> => {
    const packages: Package[] = [];
    for (const layer of layers) {
      await untilAborted(turn, budget.signal, () => undefined);
      if (budget.signal.aborted) return failedBy({ kind: 'late' });
      const got = await registry.blob(repository, layer, layer.size, credential, budget);
      if (got.state === 'unavailable') return failedBy({ kind: 'source', failure: got.why });
      if (got.state === 'absent') {
        const gone = { kind: 'invalid', stage: 'blob', host: repository.host, why: 'no such blob' } as const;
        return failedBy({ kind: 'source', failure: gone });
      }
      const text = gunzipSync(got.value.bytes).toString();
      if (text === bomb)
        return failedBy({ kind: 'unreadable', error: { kind: 'limit', why: 'it is a bomb' } });
      if (text === defect) {
        const error = { kind: 'invalid', why: 'the thread ended' } as const;
        return failedBy({ kind: 'unreadable', error, mayPass: true });
      }
      for (const name of text.split('\n')) packages.push({ ecosystem: 'npm', name, version: '1.0.0' });
    }
    return ok({ packages, gaps: [] });
  };
  return {
    looked,
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      turn = promise.then(() => undefined);
      return () => resolve(undefined);
    },
    get underWay() {
      return underWay;
    },
    catalog: async (image, _limits, budget) => {
      looked.push(image.repository.repository);
      underWay += 1;
      try {
        return await read(image, budget);
      } finally {
        underWay -= 1;
      }
    },
  };
};
