/** One part of the gate in `/readyz`. Only `waiting` parts make it unready; trouble is only shown (R14). */
export interface PartState {
  readonly part: string;
  readonly state: 'ok' | 'waiting' | 'trouble';
  readonly detail: string;
}

export interface Readiness {
  readonly ready: boolean;
  readonly text: string;
}

/**
 * R14: ready once certificates, policies and namespaces were loaded, not ready before that and while draining. A full
 * disk or a stale watch on every replica must not become an outage, so they are only shown.
 */
export const readinessOf = (parts: readonly PartState[], draining: boolean): Readiness => {
  const ready = !draining && parts.every(({ state }) => state !== 'waiting');
  const lines = parts.map(
    ({ part, state, detail }) => `${part}: ${state}${detail === '' ? '' : ` (${detail})`}`,
  );
  const head = draining ? 'not ready: draining' : ready ? 'ready' : 'not ready';
  return { ready, text: [head, ...lines].join('\n') };
};
