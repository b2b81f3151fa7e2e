import { createHash } from 'node:crypto';
import { createRegistry } from '../../src/adapters/registry/client.ts';
import { defaultSettings } from '../../src/adapters/registry/settings.ts';
import type { RegistrySettings } from '../../src/adapters/registry/settings.ts';
import { createRegistryHttp } from '../../src/adapters/registry/transport.ts';
import type { Credential, CredentialSecret, ReadBudget, Registry } from '../../src/evidence/ports.ts';

/** The gate's own reader over its own transport, for a registry of the tests. */
export interface RegistryReader {
  readonly registry: Registry;
  close(): Promise<void>;
}
export type RegistryRow = Partial<RegistrySettings> & Pick<RegistrySettings, 'host'>;

/** @param rows - The configuration; a host of the tests needs `allowPrivateAddress`. */
export const createReader = (...rows: readonly RegistryRow[]): RegistryReader => {
  const settingsOf = (host: string): RegistrySettings => ({
    ...defaultSettings(host),
    ...rows.find((row) => row.host === host),
  });
  const clock = { now: Date.now, monotonic: () => performance.now() };
  const http = createRegistryHttp({ settingsOf, clock });
  return { registry: createRegistry({ http, settingsOf, clock }), close: () => http.close() };
};

export const credentialWith = (secret: CredentialSecret): Credential => ({
  kind: secret.form === 'none' ? 'anonymous' : 'configured',
  source: secret.form === 'none' ? 'anonymous' : 'the credential of the tests',
  key: createHash('sha256').update(JSON.stringify(secret)).digest('hex'),
  secret,
});
export const anonymous = credentialWith({ form: 'none' });
export const login = (username: string, password: string): Credential =>
  credentialWith({ form: 'basic', username, password });

/** What one review may spend, in bytes; without an end unless told. */
export const budgetOf = (
  bytes = Number.POSITIVE_INFINITY,
  signal: AbortSignal = new AbortController().signal,
): ReadBudget & { readonly taken: () => number } => {
  let taken = 0;
  return {
    signal,
    taken: () => taken,
    take: (more) => {
      if (taken + more > bytes) return false;
      taken += more;
      return true;
    },
  };
};
