import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  makeRegistryCertificate,
  type RegistryCertificate,
} from '../../fakes/registry/registry-certificate.ts';
import type { RegistryRow } from '../../fakes/registry/registry-reading.ts';
import type { RunningProcess } from './running-process.ts';

/** A real registry, started by the tests on loopback. */
export interface RunningRegistry {
  /** `127.0.0.1:PORT`, as references name it. */
  readonly host: string;
  readonly url: string;
  /** Of TLS: the authority to trust, as PEM, as a file, and as a folder (`--dest-cert-dir` of skopeo). */
  readonly ca?: string;
  readonly caFile?: string;
  readonly caFolder?: string;
  /** Configuration, certificates and what it keeps. */
  readonly folder: string;
  log(): string;
  /** Ends the process; what it keeps on disk stays. */
  down(): Promise<void>;
  /** Starts it again on the same port. */
  up(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Certificate and key as files, which is what a registry reads. */
export interface CertificateFiles extends RegistryCertificate {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export const registryFolder = (): string => mkdtempSync(join(tmpdir(), 'imagegate-registry-'));

export const writeCertificate = async (folder: string): Promise<CertificateFiles> => {
  const made = await makeRegistryCertificate();
  // skopeo takes every other key in the folder for a client's.
  mkdirSync(join(folder, 'trust'));
  const caFile = join(folder, 'trust', 'ca.crt');
  const certFile = join(folder, 'tls.crt');
  const keyFile = join(folder, 'tls.key');
  writeFileSync(caFile, made.ca);
  writeFileSync(certFile, made.cert);
  writeFileSync(keyFile, made.key, { mode: 0o600 });
  return { ...made, caFile, certFile, keyFile };
};

export interface RegistryProcess {
  readonly host: string;
  readonly folder: string;
  readonly tls?: CertificateFiles | undefined;
  /** Starts the process and waits until it answers. */
  readonly start: () => Promise<RunningProcess>;
  /** Further things to end with it. */
  readonly alsoStop?: () => Promise<void>;
}

export const runRegistry = async (what: RegistryProcess): Promise<RunningRegistry> => {
  const { host, folder, tls } = what;
  let process = await what.start();
  const down = async (): Promise<void> => void (await process.stop());
  return {
    host,
    url: `${tls === undefined ? 'http' : 'https'}://${host}`,
    ...(tls && { ca: tls.ca, caFile: tls.caFile, caFolder: dirname(tls.caFile) }),
    folder,
    log: () => process.output(),
    down,
    up: async () => {
      process = await what.start();
    },
    stop: async () => {
      await down();
      await what.alsoStop?.();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** How the gate must be configured to read it. */
export const rowOf = ({ host, ca }: { readonly host: string; readonly ca?: string }): RegistryRow => ({
  host,
  allowPrivateAddress: true,
  plainHttp: ca === undefined,
  ...(ca !== undefined && { ca }),
});
