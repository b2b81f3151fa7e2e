import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCa } from '../../../src/adapters/certificate/issue.ts';
import type { Cosign, SigstoreFiles } from './cosign.ts';
import { freePort } from './free-port.ts';
import { installSigstore } from './install-sigstore.ts';
import { startOidcIssuers, type RunningOidcIssuers } from './oidc-issuers.ts';
import {
  certificate,
  commonName,
  extensions,
  rsaPair,
  timeStamping,
  type KeyPair,
} from '../../fakes/signature/certificate-authority.ts';
import { certificatePem } from '../../fakes/signature/sigstore-instance.ts';
import { startRekorV1 } from './rekor-v1.ts';
import { launch, untilReady, type RunningProcess } from './running-process.ts';

/** A private Sigstore instance on loopback: everything that signing without a key of one's own takes. */
export interface RunningSigstore extends SigstoreFiles {
  readonly issuers: RunningOidcIssuers;
  /** The text of `trusted_root.json`. */
  readonly trustedRoot: string;
  stop(): Promise<void>;
}

interface Server {
  readonly name: string;
  readonly program: string;
  /** @param spare for what it serves beside and has no use here */
  readonly args: (port: number, spare: readonly [number, number]) => readonly (string | number)[];
  readonly env?: Readonly<Record<string, string>>;
  /** Answers 200 when it serves. */
  readonly probe: string;
}

/** Who reads a checkpoint takes the host of the URL in the trusted root for the name of the log. */
const rekorName = 'rekor.tests.example';

/** Which servers: those of today, or Rekor 1, which promises, and timestamps by an RSA key. */
export type Generation = 'current' | 'former';

/** Fulcio, a certificate transparency log, Rekor and a timestamp authority; `cosign` writes their roots down. */
export const startSigstore = async (
  parent: string,
  cosign: Cosign,
  generation: Generation = 'current',
): Promise<RunningSigstore> => {
  const parts = installSigstore();
  const folder = join(parent, 'sigstore');
  mkdirSync(folder);
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const issuers = await startOidcIssuers();
  const ca = await createCa({ now: Date.now });
  const caFile = file('fulcio.crt', ca.cert);
  // Each server reads its key in one form alone.
  const ctKey = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
  const rekorKey = generateKeyPairSync('ed25519').privateKey;
  const rekorV1 = generation === 'former' ? await startRekorV1(rekorName) : undefined;
  const running: RunningProcess[] = [];
  // A port that is free twice is given twice, and Fulcio breaks when HTTP and gRPC have the same.
  const taken = new Set<number>();
  const ownPort = async (): Promise<number> => {
    const port = await freePort();
    if (taken.has(port)) return ownPort();
    taken.add(port);
    return port;
  };
  const start = async ({ name, program, args, env, probe }: Server): Promise<string> => {
    const port = await ownPort();
    const spare = [await ownPort(), await ownPort()] as const;
    const process = launch({
      name,
      command: program,
      args: args(port, spare).map(String),
      log: join(folder, `${name}.log`),
      ...(env && { env }),
    });
    running.push(process);
    const url = `http://127.0.0.1:${port}`;
    await untilReady(process, async () => (await fetch(`${url}${probe}`)).ok);
    return url;
  };

  const [ctLog, rekor, timestamps] = await Promise.all([
    start({
      name: 'ct-log',
      program: parts.ctLog,
      args: (port) =>
        [
          ['--http_endpoint', `127.0.0.1:${port}`],
          ['--origin', 'ct.tests.example'],
          ['--storage_dir', join(folder, 'ct-log')],
          ['--private_key', file('ct-log.key', ctKey.export({ type: 'sec1', format: 'pem' }) as string)],
          ['--roots_pem_file', caFile],
          ['--ext_key_usages', 'CodeSigning'],
          ['--inmemory_antispam_cache_size', '256', '--checkpoint_interval', '100ms'],
          ['--batch_max_age', '10ms'],
        ].flat(),
      probe: '/ct/v1/get-roots',
    }),
    rekorV1?.url ??
      start({
        name: 'rekor',
        program: parts.rekor,
        args: (port, [grpc, metrics]) =>
          [
            ['serve', '--hostname', rekorName, '--storage-dir', join(folder, 'rekor')],
            ['--http-port', port, '--grpc-port', grpc, '--http-metrics-port', metrics],
            ['--signer-filepath', file('rekor.key', pkcs8(rekorKey))],
            ['--checkpoint-interval', '100ms', '--batch-max-age', '10ms'],
          ].flat(),
        probe: '/healthz',
      }),
    start({
      name: 'timestamp-authority',
      program: parts.timestampServer,
      args: (port) => ['-port', port, ...(generation === 'former' ? rsaFlags(file) : [])],
      probe: '/api/v1/timestamp/certchain',
    }),
  ]);
  const fulcio = await start({
    name: 'fulcio',
    program: parts.fulcio,
    args: (port, [grpc, metrics]) =>
      [
        ['serve', '--host', '127.0.0.1', '--port', port, '--grpc-host', '127.0.0.1', '--grpc-port', grpc],
        ['--metrics-port', metrics, '--ct-log-url', ctLog],
        ['--ca', 'fileca', '--fileca-cert', caFile, '--fileca-key', file('fulcio.key', ca.key)],
        ['--legacy-unix-domain-socket', join(folder, 'fulcio.sock')],
        ['--fileca-key-passwd', 'the key has none', '--fileca-watch=false'],
        ['--config-path', parts.fulcioConfig],
      ].flat(),
    env: { HTTPS_PROXY: issuers.proxyUrl, SSL_CERT_FILE: file('issuers.crt', issuers.ca) },
    probe: '/api/v2/configuration',
  });

  const since = 'start-time=2020-01-01T00:00:00Z';
  const trustedRootFile = join(folder, 'trusted_root.json');
  const chain = await (await fetch(`${timestamps}/api/v1/timestamp/certchain`)).text();
  await cosign.must(
    [
      ['trusted-root', 'create', '--out', trustedRootFile],
      ['--fulcio', `url=${fulcio},certificate-chain=${caFile},${since}`],
      ['--ctfe', `url=${ctLog},public-key=${file('ct-log.pub', spki(ctKey))},${since}`],
      [
        '--rekor',
        `url=https://${rekorName},public-key=${file('rekor.pub', rekorV1?.publicKeyPem ?? spki(rekorKey))},${since},origin=${rekorName}`,
      ],
      ['--tsa', `url=${timestamps},certificate-chain=${file('tsa.crt', chain)},${since}`],
    ].flat(),
  );
  const signingConfigFile = join(folder, 'signing_config.json');
  const of = (url: string, version: number): string =>
    `url=${url},api-version=${version},${since},operator=tests`;
  await cosign.must(
    [
      ['signing-config', 'create', '--out', signingConfigFile],
      ['--fulcio', of(fulcio, 1)],
      ['--rekor', of(rekor, rekorV1 ? 1 : 2), '--rekor-config', 'ANY'],
      ['--tsa', of(`${timestamps}/api/v1/timestamp`, 1), '--tsa-config', 'ANY'],
    ].flat(),
  );
  return {
    issuers,
    trustedRoot: readFileSync(trustedRootFile, 'utf8'),
    trustedRootFile,
    signingConfigFile,
    stop: async () => {
      await Promise.all(running.map((process) => process.stop('SIGTERM', 2_000)));
      await rekorV1?.close();
      await issuers.close();
    },
  };
};

/** The timestamp authority makes an elliptic key itself; of another kind it has to be given one, with its chain. */
const rsaFlags = (file: (name: string, text: string) => string): readonly string[] => {
  const [authority, stamper] = [rsaPair(), rsaPair()];
  const [from, until] = [Date.parse('2020-01-01T00:00:00Z'), Date.parse('2049-01-01T00:00:00Z')];
  const issuer = commonName('timestamps of the tests');
  const issue = (subject: Buffer, { spki: key }: KeyPair, more: readonly Buffer[]): string =>
    certificatePem(certificate({ subject, issuer, spki: key, from, until, extensions: more }, authority));
  const leaf = issue(commonName('stamper'), stamper, [
    extensions.maySign,
    extensions.purposes([timeStamping], true),
  ]);
  const root = issue(issuer, authority, [extensions.ca(), extensions.mayIssue]);
  return [
    '-signer',
    file('tsa.key', pkcs8(stamper.privateKey)),
    '-chain',
    file('tsa-chain.crt', leaf + root),
  ];
};

const pkcs8 = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;
const spki = (key: KeyObject): string =>
  createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string;
