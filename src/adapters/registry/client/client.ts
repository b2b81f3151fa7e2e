import { known } from '../../../core/facts/fact.ts';
import type { Clock } from '../../../concurrency/clock.ts';
import type { Manifest, Registry, RegistryAnswer } from '../../../evidence/ports.ts';
import { createAuth } from '../auth/auth.ts';
import { getBlob, headBlob } from './blob.ts';
import { startDelivery, streamBlob } from './blob-stream.ts';
import { getManifest, headManifest, type ParsedManifest } from './manifest.ts';
import { throughMirrors } from './mirrors.ts';
import { ping } from './ping.ts';
import { createPullLimits } from './pull-limits.ts';
import type { ReadTarget } from './read-target.ts';
import type { RegistryHttp } from '../http/http.ts';
import { getReferrers } from './referrers.ts';
import type { RegistrySettings } from '../settings.ts';

interface RegistryOptions {
  readonly http: RegistryHttp;
  /** The row of a host, or the defaults. */
  readonly settingsOf: (host: string) => RegistrySettings;
  readonly clock: Pick<Clock, 'monotonic'>;
}

const asManifest = (answer: RegistryAnswer<ParsedManifest>): RegistryAnswer<Manifest> => {
  if (answer.state !== 'known') return answer;
  const { digest, bytes, mediaType } = answer.value;
  return known({ digest, bytes, mediaType });
};

/**
 * Reads registries of OCI distribution-spec 1.1, and older ones of Docker. Mirrors of a host are asked before the host, except
 * by `ping`.
 */
export const createRegistry = ({ http, settingsOf, clock }: RegistryOptions): Registry => {
  const { auth, countsPulls } = createPullLimits(createAuth({ http, settingsOf, clock }));
  const mirrorsOf = ({ host }: ReadTarget): readonly string[] => settingsOf(host).mirrors;
  return {
    head: (repository, name, credential, budget) => {
      const target: ReadTarget = { ...repository, credential, budget };
      return throughMirrors(target, mirrorsOf(target), (at) => headManifest(auth, at, name));
    },
    manifest: async (repository, name, credential, budget) => {
      const target: ReadTarget = { ...repository, credential, budget };
      return asManifest(await throughMirrors(target, mirrorsOf(target), (at) => getManifest(auth, at, name)));
    },
    blob: (...[repository, descriptor, limit, credential, budget]) => {
      const target: ReadTarget = { ...repository, credential, budget };
      return throughMirrors(target, mirrorsOf(target), (at) => getBlob(auth, at, descriptor, limit));
    },
    streamBlob: (...[repository, descriptor, take, credential, budget]) => {
      const target: ReadTarget = { ...repository, credential, budget };
      const delivery = startDelivery(descriptor, take);
      return throughMirrors(target, mirrorsOf(target), (at) =>
        streamBlob(auth, { ...at, isMirror: at.host !== target.host }, delivery),
      );
    },
    hasBlob: (repository, digest, credential, budget) => {
      const target: ReadTarget = { ...repository, credential, budget };
      return throughMirrors(target, mirrorsOf(target), (at) => headBlob(auth, at, digest));
    },
    referrers: (...[{ host, repository, digest }, from, credential, budget, expected = {}]) => {
      const target: ReadTarget = { host, repository, credential, budget };
      const ask = (at: ReadTarget) => {
        // What a mirror does not have it may read from its origin.
        const isLikely = expected.isLikely === true && !countsPulls(at.host) && !countsPulls(host);
        return getReferrers(auth, at, settingsOf(at.host), {
          digest,
          from,
          expected: { ...expected, isLikely },
        });
      };
      // A mirror that copies only images lists no signatures. Its empty list says nothing about the origin.
      return throughMirrors(
        target,
        mirrorsOf(target),
        ask,
        (list) => list === 'unchanged' || list.descriptors.length > 0,
      );
    },
    ping: (host, credential, budget) => ping(auth, host, credential, budget),
  };
};
