import { expect, test } from 'vitest';
import { requestTo } from '../../../../test/fakes/registry/registry-transport.ts';
import { startRequestBudget } from '../http/request-budget.ts';
import { createConnectionPool } from './connection-pool.ts';
import { createHosts } from '../http/hosts.ts';
import { defaultSettings } from '../settings.ts';

const name = 'registry.example.com';
const endpoint = { name, url: new URL(`https://${name}/v2/`), settings: defaultSettings(name) };
const clock = { monotonic: () => 0 };
const defect = new Error('a defect');

test.each([
  ['in what dials', { dial: () => Promise.reject(defect) }],
  ['in what is loaded', { library: () => Promise.reject(defect) }],
])('a defect %s takes no place for connections away', async (_title, broken) => {
  const hosts = createHosts({ maxHosts: 1, maxWaiting: 1 }, clock);
  const host = hosts.get(endpoint);
  if (host === undefined) throw new Error('no capacity');
  const library = async () => (await import('undici')).default;
  const dial = () => Promise.reject(defect);
  const pool = createConnectionPool({ hosts, dial, library, maxSockets: 1, ...broken });
  const hop = { endpoint, headers: {}, redirects: 0 };
  for (let n = 0; n < 3; n++) {
    const budget = startRequestBudget(1000, new AbortController().signal, clock);
    await expect(pool.send(host, hop, requestTo(name), budget)).rejects.toBe(defect);
    budget.end();
  }
});
