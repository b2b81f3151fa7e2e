import type { WatchState } from '../../adapters/kubernetes/watch/options.ts';
import type { PartState } from '../../gate/readiness.ts';

/**
 * The state of a watch in `/readyz`: waiting until its first reading, then trouble while it is stale, which does not
 * make the gate unready (R14).
 */
export const watchPart = (part: string, state: WatchState, detail: string): PartState => {
  const why = state.lastError?.message ?? 'no answer yet';
  if (!state.synced) return { part, state: 'waiting', detail: why };
  if (state.staleSince === undefined) return { part, state: 'ok', detail };
  return {
    part,
    state: 'trouble',
    detail: `out of touch since ${new Date(state.staleSince).toISOString()}: ${why}`,
  };
};
