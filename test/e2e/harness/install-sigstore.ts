import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { bin } from './install-command.ts';
import { buildGo, goModuleFolder } from './install-go.ts';

/** Where the servers of a Sigstore instance lie. None wants a database. */
export interface SigstoreParts {
  readonly fulcio: string;
  /** How Fulcio's project configures the public instance: issuers, and what of their tokens goes into certificates. */
  readonly fulcioConfig: string;
  /** TesseraCT: the certificate transparency log. */
  readonly ctLog: string;
  /** Version 2, on tiles. */
  readonly rekor: string;
  readonly timestampServer: string;
}

/** A module each; two of the programs are called `posix`. */
const programs = {
  fulcio: { package: 'github.com/sigstore/fulcio', program: 'fulcio' },
  tesseract: { package: 'github.com/transparency-dev/tesseract/cmd/tesseract/posix', program: 'posix' },
  rekor: { package: 'github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix', program: 'posix' },
  timestamp: { package: './timestamp-server', program: 'timestamp-server' },
  'sigstore-go': { package: './sigstore-verify', program: 'sigstore-verify' },
} as const;
type Server = keyof typeof programs;

const moduleOf = (server: Server): string => join(import.meta.dirname, '..', `tools-${server}`);

const install = (server: Server): string => {
  const { package: path, program } = programs[server];
  buildGo({
    name: server,
    module: moduleOf(server),
    packages: [path],
    programs: [program],
    folder: server,
    remark: 'minutes on two cores',
  });
  return join(bin, server, program);
};

/** Builds once what keyless signing needs. */
export const installSigstore = (): SigstoreParts => ({
  fulcio: install('fulcio'),
  fulcioConfig: installFulcioConfig(),
  ctLog: install('tesseract'),
  rekor: install('rekor'),
  timestampServer: install('timestamp'),
});

/** A program of ours that verifies the bundles beside images with sigstore-go, one after the other. */
export const installSigstoreVerify = (): string => install('sigstore-go');

const installFulcioConfig = (): string => {
  const file = join(bin, 'fulcio', 'config.yaml');
  if (existsSync(file)) return file;
  const folder = goModuleFolder(moduleOf('fulcio'), programs.fulcio.package);
  copyFileSync(join(folder, 'config', 'identity', 'config.yaml'), file);
  return file;
};
