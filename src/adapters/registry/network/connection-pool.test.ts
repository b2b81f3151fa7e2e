import { expect, test } from 'vitest';
import { requestTo } from '../../../../test/fakes/registry/registry-transport.ts';
import { startBudget } from '../http/request-budget.ts';
import { createSendOver } from './connection-pool.ts';
import { createHosts } from '../http/hosts.ts';
import { defaultSettings } from '../settings.ts';

const name = 'registry.example.com';
const hop = { name, url: new URL(`https://${name}/v2/`), settings: defaultSettings(name) };
const clock = { monotonic: () => 0 };
const defect = new Error('a defect');

test.each([
  ['in what dials', { dial: () => Promise.reject(defect) }],
  ['in what is loaded', { library: () => Promise.reject(defect) }],
])('a defect %s takes no place for connections away', async (_title, broken) => {
  const hosts = createHosts({ hosts: 1, waiting: 1 }, clock);
  const host = hosts.of(hop);
  if (host === undefined) throw new Error('no room');
  const library = async () => (await import('undici')).default;
  const dial = () => Promise.reject(defect);
  const sendOver = createSendOver({ hosts, dial, library, sockets: 1, ...broken });
  const step = { hop, headers: {}, redirects: 0 };
  for (let n = 0; n < 3; n++) {
    const budget = startBudget(1000, new AbortController().signal, clock);
    await expect(sendOver(host, step, requestTo(name), budget)).rejects.toBe(defect);
    budget.end();
  }
});
