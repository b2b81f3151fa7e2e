import { afterEach, describe, expect, test } from 'vitest';
import { createAuthority, type Authority } from '../../../../test/e2e/harness/certificates.ts';
import { makeRegistryCertificate } from '../../../../test/fakes/registry/registry-certificate.ts';
import { image } from '../../../../test/fakes/registry/registry-content.ts';
import type { Fault } from '../../../../test/fakes/registry/registry-fault.ts';
import { challenge, redirect } from '../../../../test/fakes/registry/registry-faults.ts';
import { anonymous, failureIn, valueOf } from '../../../../test/fakes/registry/registry-reading.ts';
import { get, openLogins } from '../../../../test/fakes/registry/registry-login.ts';
import { startFakeRegistry } from '../../../../test/fakes/registry/registry.ts';
import type { ClientCertificate, RegistrySettings } from '../settings.ts';

const { close, keep, reader } = openLogins();
afterEach(close);

const certificateOf = async (authority: Authority): Promise<ClientCertificate> => {
  const { certificate, key } = await authority.issueClient('imagegate');
  return { cert: certificate, key };
};

/** A registry that wants a client certificate, and the row that reaches it. */
const start = async () => {
  const [serving, authority] = [await makeRegistryCertificate(), await createAuthority('clients')];
  const server = keep(await startFakeRegistry({ tls: { ...serving, clientCa: authority.certificate } }));
  server.push('team/app', image(), 'v1');
  const row = { host: server.host, plainHttp: false, allowPrivateAddress: true, ca: serving.ca };
  return { server, authority, row, serving };
};

describe('a registry that asks for a client certificate', () => {
  test('is read with that of its row', async () => {
    const { server, authority, row } = await start();
    valueOf(await get(reader([{ ...row, client: await certificateOf(authority) }]), server, anonymous));
  });

  test('is not read without one, and the failure says which fields to give', async () => {
    const { server, row } = await start();
    const failure = failureIn(await get(reader([row]), server, anonymous));
    expect(failure.why).toMatch(/client certificate.*clientCertFile and clientKeyFile/);
    expect(server.counts().total).toBe(0);
  });

  test('is not read with one of another authority, and the failure says so', async () => {
    const { server, row } = await start();
    const other = await certificateOf(await createAuthority('others'));
    const failure = failureIn(await get(reader([{ ...row, client: other }]), server, anonymous));
    expect(failure.why).toMatch(/client certificate/);
  });

  test('sees the new one with the next request when it was rotated', async () => {
    const { server, authority, row } = await start();
    const rows: (Partial<RegistrySettings> & { host: string })[] = [
      { ...row, client: await certificateOf(authority) },
    ];
    const reading = reader(rows);
    valueOf(await get(reading, server, anonymous));
    rows[0] = { ...row, client: await certificateOf(await createAuthority('others')) };
    expect(failureIn(await get(reading, server, anonymous)).why).toMatch(/client certificate/);
    rows[0] = { ...row, client: await certificateOf(authority) };
    valueOf(await get(reading, server, anonymous));
  });

  test('B28: a host behind a redirect is shown none but that of its own row', async () => {
    const { server, authority, row, serving } = await start();
    const front = keep(await startFakeRegistry({ tls: serving, address: '127.0.0.1' }));
    front.fault({ path: '/v2/' }, redirect(`${server.url}{path}`));
    const client = await certificateOf(authority);
    const frontRow = { ...row, host: front.host, client };
    failureIn(await get(reader([frontRow, row]), front, anonymous));
    expect(server.counts().total).toBe(0);
    valueOf(await get(reader([frontRow, { ...row, client }]), front, anonymous));
  });

  test.each<[string, (url: string) => Fault]>([
    ['redirects there', (url) => redirect(`${url}{path}`)],
    ['names its token server there', (url) => challenge(`Bearer realm="${url}/v2/team/app/manifests/v1"`)],
  ])('B28: is not opened with it for another one that %s and has none', async (_title, leadTo) => {
    const { server, authority, row, serving } = await start();
    const front = keep(await startFakeRegistry({ tls: serving }));
    front.fault({ path: '/v2/' }, leadTo(server.url));
    const rows = [
      { ...row, host: front.host },
      { ...row, client: await certificateOf(authority) },
    ];
    const failure = failureIn(await get(reader(rows), front, anonymous));
    expect(failure).toMatchObject({ kind: 'refused' });
    expect(failure.why).toContain('client certificate');
    expect(server.counts().total).toBe(0);
  });
});
