import { expect, test } from 'vitest';
import type { LoadedRegistry } from '../config/registries/registry-files.ts';
import { createRegistryAccess } from './registry-access.ts';

const privateAt = (host: string, more: Partial<LoadedRegistry> = {}): LoadedRegistry => ({
  host,
  allowPrivateAddress: true,
  ...more,
});

test.each<[string, readonly LoadedRegistry[], string, boolean]>([
  ['its own row', [privateAt('r.example.com')], 'r.example.com', true],
  ['no row of another host', [privateAt('r.example.com')], 's.example.com', false],
  ['no row of another port', [privateAt('r.example.com:5000')], 'r.example.com', false],
  [
    'the row that writes the port of https, as URLs do not',
    [privateAt('r.example.com:443')],
    'r.example.com',
    true,
  ],
  [
    'the row that writes the port of plain HTTP',
    [privateAt('r.example.com:80', { plainHttp: true })],
    'r.example.com',
    true,
  ],
  ['no row of the port of another scheme', [privateAt('r.example.com:80')], 'r.example.com', false],
  [
    'its own row before one with the port',
    [{ host: 'r.example.com' }, privateAt('r.example.com:443')],
    'r.example.com',
    false,
  ],
])('B26: a host has %s', async (_title, registries, host, allowed) => {
  const content = { maxMemoryBytes: 0, maxDiskBytes: 0 };
  const access = createRegistryAccess({ registries, cloud: {}, proxy: {}, content });
  expect(access.settingsOf(host).allowPrivateAddress).toBe(allowed);
  access.reconfigure([]);
  expect(access.settingsOf(host).allowPrivateAddress).toBe(false);
  await access.close();
});

test('the CA of all hosts is trusted for hosts with a row and without, besides that of the row, and for the proxy', async () => {
  const content = { maxMemoryBytes: 0, maxDiskBytes: 0 };
  const registries = [{ host: 'r.example.com', ca: 'OWN\n' }];
  const access = createRegistryAccess({
    registries,
    defaults: { ca: 'ALL\n' },
    cloud: {},
    proxy: {},
    content,
  });
  expect(access.settingsOf('r.example.com')).toMatchObject({ ca: 'ALL\nOWN\n', proxyCa: 'ALL\n' });
  expect(access.settingsOf('other.example.com')).toMatchObject({ ca: 'ALL\n', proxyCa: 'ALL\n' });
  expect(access.settingsOf('docker.io')).toMatchObject({ ca: 'ALL\n' });
  access.reconfigure(registries);
  expect(access.settingsOf('r.example.com').ca).toBe('OWN\n');
  expect(access.settingsOf('other.example.com').ca).toBeUndefined();
  await access.close();
});
