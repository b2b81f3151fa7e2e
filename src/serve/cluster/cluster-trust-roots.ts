import type { ApiClient } from '../../adapters/kubernetes/client/client.ts';
import { trustRootsResource } from '../../adapters/kubernetes/client/resource.ts';
import { createStatusWriter } from '../../adapters/kubernetes/resources/status-writer.ts';
import { createClusterTrustRoots } from '../../adapters/kubernetes/resources/trust-roots.ts';
import { systemClock } from '../../concurrency/clock.ts';
import type { TrustRoots } from '../../evidence/trust/trust-root.ts';
import type { PartState } from '../../gate/readiness.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { Telemetry } from '../telemetry.ts';
import { reportTrustRootAges, shippedRoots } from '../trust-roots.ts';
import { watchPart } from './watch-part.ts';

interface OpenTrustRoots {
  readonly roots: TrustRoots;
  readonly wake: () => void;
  readonly part: () => PartState;
}

/** Trust roots of the cluster, and their `Accepted` conditions, which only the Lease holder writes (R15). */
export const openClusterTrustRoots = (
  client: ApiClient,
  isHolder: () => boolean,
  telemetry: Telemetry,
  lifecycle: Lifecycle,
): OpenTrustRoots => {
  const roots = createClusterTrustRoots({
    client,
    clock: systemClock,
    shipped: shippedRoots,
    onVerdicts: () => {
      tell();
      status.wake();
    },
  });
  const status = createStatusWriter({
    client,
    clock: systemClock,
    resource: trustRootsResource,
    isHolder,
    verdicts: () => roots.verdicts(),
    onProblem: ({ message }) =>
      telemetry.log.warn('the status of a trust root could not be written', { problem: message }),
  });
  let told = '';
  const tell = (): void => {
    const inForce = Object.fromEntries(roots.snapshots().map(({ name, id }) => [name, id]));
    if (told === (told = JSON.stringify(inForce))) return;
    telemetry.log.info('trust roots of the cluster are in force', { roots: inForce });
  };
  reportTrustRootAges(() => roots.snapshots(), telemetry);
  roots.start();
  lifecycle.add(async () => {
    await status.close();
    await roots.close();
  });
  return {
    roots,
    wake: () => status.wake(),
    part: () => {
      const part = 'trust roots';
      const state = roots.state();
      const why = roots.whyMissing();
      // An older definition or role of the gate does not make it unready: only policies that name a root refuse then.
      if (why !== undefined && [403, 404].includes(state.lastError?.status ?? 0))
        return { part, state: 'trouble', detail: why };
      const broken = roots.broken();
      if (broken.length > 0)
        return { part, state: 'trouble', detail: `cannot be used: ${broken.join('; ')}` };
      return watchPart(part, state, `${roots.snapshots().length} in force`);
    },
  };
};
