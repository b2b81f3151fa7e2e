import type { Clock } from '../../../src/concurrency/clock.ts';
import { type ApiClient, createClient } from '../../../src/adapters/kubernetes/client/client.ts';
import type { FakeApiServer } from './api-server.ts';

/** Our client on the fake, without a kubeconfig. */
export const clientOf = (api: FakeApiServer, callTimeout = 10_000): ApiClient =>
  createClient(
    {
      server: new URL(api.url),
      origin: 'the fake API server',
      namespace: undefined,
      credentials: () => Promise.resolve({ ok: true, value: { headers: {}, tls: {} } }),
    },
    { version: '0.0.0-test', callTimeout },
  );

export const realClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
