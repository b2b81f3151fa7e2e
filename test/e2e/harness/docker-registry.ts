import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { FakeAccounts } from '../../fakes/registry/registry-account.ts';
import { ask } from '../../fakes/registry/registry-client.ts';
import { freePort } from './free-port.ts';
import { installRegistryParts } from './install.ts';
import {
  registryFolder,
  runRegistry,
  writeCertificate,
  type CertificateFiles,
  type RunningRegistry,
} from './registry-process.ts';
import { launch, untilReady, type RunningProcess } from './running-process.ts';
import { startSigningTokenServer, type SigningTokenServer } from './signing-token-server.ts';

export interface DockerRegistryOptions {
  /** HTTPS by an authority of its own. */
  readonly tls?: boolean;
  readonly auth?:
    | { readonly mode: 'none' }
    /** Everybody who has a password may do everything: docker-registry knows no more. */
    | { readonly mode: 'basic'; readonly users: Readonly<Record<string, string>> }
    /** Bearer, with a token server on another origin: HTTPS by the same authority when `tls` is on. */
    | ({ readonly mode: 'token' } & FakeAccounts);
  /** Push notifications go there (`notifications.endpoints`). */
  readonly notify?: { readonly url: string; readonly headers?: Readonly<Record<string, readonly string[]>> };
}
export interface DockerRegistry extends RunningRegistry {
  /** Of token mode. */
  readonly tokenServer?: SigningTokenServer;
}

/** Debian's docker-registry on a free port of loopback. Its version has no Referrers API. */
export const startDockerRegistry = async (options: DockerRegistryOptions = {}): Promise<DockerRegistry> => {
  const parts = installRegistryParts();
  const folder = registryFolder();
  const host = `127.0.0.1:${await freePort()}`;
  const tls = options.tls === true ? await writeCertificate(folder) : undefined;
  const { auth = { mode: 'none' } } = options;
  const tokenServer =
    auth.mode === 'token' ? await startSigningTokenServer({ ...auth, ...(tls && { tls }) }) : undefined;
  const config = join(folder, 'config.yml');
  mkdirSync(join(folder, 'data'));
  writeFileSync(
    config,
    stringify({
      version: 0.1,
      log: { level: 'info', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
      http: {
        addr: host,
        secret: 'the tests',
        ...(tls && { tls: { certificate: tls.certFile, key: tls.keyFile } }),
      },
      ...authSection(auth, folder, parts.htpasswd, tokenServer),
      ...notifySection(options.notify),
    }),
  );
  const registry = await runRegistry({
    host,
    folder,
    tls,
    start: () => startProcess(parts.dockerRegistry, folder, config, host, tls),
    ...(tokenServer && { alsoStop: () => tokenServer.close() }),
  });
  return { ...registry, ...(tokenServer && { tokenServer }) };
};

const startProcess = async (
  command: string,
  folder: string,
  config: string,
  host: string,
  tls?: CertificateFiles,
): Promise<RunningProcess> => {
  const log = join(folder, 'registry.log');
  const process = launch({ name: 'docker-registry', command, args: ['serve', config], log });
  const url = `${tls ? 'https' : 'http'}://${host}/v2/`;
  await untilReady(process, async () => [200, 401].includes((await ask(url, tls && { ca: tls.ca })).status));
  return process;
};

const authSection = (
  auth: NonNullable<DockerRegistryOptions['auth']>,
  folder: string,
  htpasswd: string,
  tokenServer?: SigningTokenServer,
): object => {
  if (auth.mode === 'none') return {};
  if (auth.mode === 'basic') {
    const path = join(folder, 'htpasswd');
    writeFileSync(path, hashed(htpasswd, auth.users));
    return { auth: { htpasswd: { realm: 'the tests', path } } };
  }
  const rootcertbundle = join(folder, 'token-signer.crt');
  writeFileSync(rootcertbundle, tokenServer!.certificate);
  const { realm, service, issuer } = tokenServer!;
  return { auth: { token: { realm, service, issuer, rootcertbundle } } };
};

const hashed = (htpasswd: string, users: Readonly<Record<string, string>>): string => {
  const input = Object.entries(users).map(([name, password]) => `${name}:${password}\n`);
  const { status, stdout, stderr } = spawnSync(htpasswd, { input: input.join(''), encoding: 'utf8' });
  if (status !== 0) throw new Error(`htpasswd ended with ${status}: ${stderr}`);
  return stdout;
};

const notifySection = (notify: DockerRegistryOptions['notify']): object => {
  if (notify === undefined) return {};
  const endpoint = { name: 'tests', ...notify, timeout: '2s', threshold: 3, backoff: '100ms' };
  return { notifications: { endpoints: [endpoint] } };
};
