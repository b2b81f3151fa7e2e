import { publicGoodRoot } from '../adapters/trust-root/public-good.ts';
import { systemClock } from '../concurrency/clock.ts';
import { snapshotOf, type TrustRootSnapshot } from '../evidence/trust/trust-root.ts';
import type { Telemetry } from './telemetry.ts';

/** The trust roots that need no object. An object of the same name replaces one. */
export const shippedRoots: readonly TrustRootSnapshot[] = [
  snapshotOf(publicGoodRoot, { kind: 'sigstore', trustedRoot: publicGoodRoot.trustedRoot }),
];
export const shippedRootNames = shippedRoots.map(({ name }) => name);

/** Tells the ages of the trust roots in force at each scrape. */
export const reportTrustRootAges = (
  snapshots: () => readonly TrustRootSnapshot[],
  { metrics }: Telemetry,
): void =>
  metrics.onScrape(() => {
    const now = systemClock.now();
    metrics.trustRootAges(
      new Map(
        snapshots().flatMap(({ name, writtenAt }) =>
          writtenAt === undefined ? [] : [[name, Math.max(0, now - writtenAt) / 1000]],
        ),
      ),
    );
  });
