import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeRegistryCertificate } from '../../test/fakes/registry/registry-certificate.ts';
import { resolveSettings } from '../config/resolve.ts';
import { configurationOf, gateSettings } from './gate-configuration.ts';

const folder = mkdtempSync(join(tmpdir(), 'gate-configuration-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const carried = (text: string) => {
  const file = { path: join(folder, 'gate.yaml'), text };
  const resolved = resolveSettings(gateSettings, { flags: {}, environment: {}, file });
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.error));
  return configurationOf(resolved.value.config);
};

test('how far images are looked into goes into the cluster', () => {
  expect(carried('scan: { atOnce: 1, time: 10m }').settings).toEqual({
    scan: { atOnce: 1, time: '10m', bytes: '4GiB', unpacked: '16GiB' },
  });
  expect(carried('unmatched: deny').settings).toEqual({ unmatched: 'deny' });
});

test('feeds go into the cluster with their CA beside them', async () => {
  const { ca } = await makeRegistryCertificate();
  writeFileSync(join(folder, 'ca.crt'), `# ours\n${ca}`);
  const text = `advisories:
  - { name: osv, format: osv, url: https://osv.example.com, ecosystems: [npm], every: 1h, caFile: ca.crt }
  - { name: kev, format: kev, url: cisa.gov }
`;
  const { settings, files } = carried(text);
  expect(settings['advisories']).toMatchObject([
    { name: 'osv', every: '1h', caFile: '/etc/imagegate/advisories-osv-ca.crt' },
    { name: 'kev', url: expect.stringMatching(/^https:\/\/www\.cisa\.gov\//) },
  ]);
  expect(files).toEqual({ 'advisories-osv-ca.crt': `${ca.trim()}\n` });
});
