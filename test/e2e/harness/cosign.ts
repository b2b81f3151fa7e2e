import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installCosign, type CosignMajor } from './install-cosign.ts';
import type { Answer } from './kubectl.ts';
import { runTool } from './registry-commands.ts';

/** Where cosign puts what it signs, and in which form. */
export type SignatureForm =
  /** The tag `.sig` or `.att`: a payload or an envelope in a layer. The only place that cosign 2 knows unless told. */
  | 'tag'
  /** The same as a referrer, by an experiment of cosign 2. */
  | 'referrer'
  /** A Sigstore bundle as a referrer, or behind the fallback tag where the registry lists no referrers. */
  | 'bundle';

export interface CosignKey {
  /** Encrypted, with an empty password. */
  readonly file: string;
  /** The public key, as a policy names it. */
  readonly pem: string;
  readonly pemFile: string;
}

export interface AttestedStatement {
  /** Of the predicate: a URI, or a word of cosign. */
  readonly type: string;
  readonly predicate: unknown;
}

export interface Cosign {
  readonly major: CosignMajor;
  /** Any command; a failure is an answer. */
  run(args: readonly string[]): Promise<Answer>;
  /** As {@link run}; a failure is an error. */
  must(args: readonly string[]): Promise<void>;
  /** A new key, ECDSA P-256, which is the only kind that cosign makes. */
  generateKey(name: string): Promise<CosignKey>;
  /** A key of any kind that cosign takes, from PKCS #8. */
  importKey(name: string, pem: string): Promise<CosignKey>;
  /** @param image with its digest: a tag could move between */
  sign(image: string, key: CosignKey, form: SignatureForm, ...more: readonly string[]): Promise<void>;
  attest(
    image: string,
    key: CosignKey,
    form: SignatureForm,
    statement: AttestedStatement,
    ...more: readonly string[]
  ): Promise<void>;
  /**
   * Without a key of one's own: a certificate of Fulcio for whom the token names, an entry in Rekor, a timestamp. Version
   * 3 alone, as a bundle: its servers are version 2 of Rekor.
   */
  signKeyless(image: string, token: string, instance: SigstoreFiles): Promise<void>;
  /** The same by version 2 alone, under the tag `.sig` and with what Rekor 1 promises: an instance of the former generation. */
  signKeylessTag(image: string, token: string, instance: SigstoreFiles): Promise<void>;
  attestKeyless(
    image: string,
    token: string,
    instance: SigstoreFiles,
    statement: AttestedStatement,
  ): Promise<void>;
  /** By a key, with an entry in Rekor and a timestamp; as a bundle, by version 3 alone. */
  signLogged(image: string, key: CosignKey, instance: SigstoreFiles): Promise<void>;
}

/** How cosign 3 is told of a Sigstore instance. */
export interface SigstoreFiles {
  readonly trustedRootFile: string;
  readonly signingConfigFile: string;
}

export interface CosignPlace {
  /** Where keys and what it remembers lie. */
  readonly folder: string;
  /** The authorities of registries behind TLS, as PEM. */
  readonly caFile?: string;
}

let predicates = 0;

/** cosign without network: no transparency log, no timestamps, no roots of the public good instance. */
export const createCosign = (major: CosignMajor, { folder, caFile }: CosignPlace): Cosign => {
  const program = installCosign(major);
  const env = {
    HOME: folder,
    DOCKER_CONFIG: folder,
    COSIGN_PASSWORD: '',
    // Version 2 writes no referrers without it.
    ...(major === 2 && { COSIGN_EXPERIMENTAL: '1' }),
    // What is not on loopback is not asked: a test that needs the world fails.
    HTTPS_PROXY: 'http://127.0.0.1:9',
    ...(caFile !== undefined && { SSL_CERT_FILE: caFile }),
  };
  const run = (args: readonly string[]): Promise<Answer> => runTool(program, args, env);
  const must = async (args: readonly string[]): Promise<void> => {
    const { code, stderr } = await run(args);
    if (code !== 0) throw new Error(`cosign ${major} ${args[0]} ended with ${code}: ${stderr}`);
  };
  const keyAt = (prefix: string): CosignKey => ({
    file: `${prefix}.key`,
    pem: readFileSync(`${prefix}.pub`, 'utf8'),
    pemFile: `${prefix}.pub`,
  });
  return {
    major,
    run,
    must,
    generateKey: async (name) => {
      const prefix = join(folder, name);
      await must(['generate-key-pair', '--output-key-prefix', prefix]);
      return keyAt(prefix);
    },
    importKey: async (name, pem) => {
      const prefix = join(folder, name);
      writeFileSync(`${prefix}.pem`, pem, { mode: 0o600 });
      await must(['import-key-pair', '--key', `${prefix}.pem`, '--output-key-prefix', prefix]);
      return keyAt(prefix);
    },
    sign: (image, key, form, ...more) =>
      must([
        'sign',
        '--key',
        key.file,
        ...offline(major),
        ...formFlags(major, form),
        ...more,
        '--yes',
        image,
      ]),
    attest: (image, key, form, statement, ...more) =>
      must(
        [
          ['attest', '--key', key.file, ...offline(major), ...formFlags(major, form), ...more],
          [...statementFlags(folder, statement), '--yes', image],
        ].flat(),
      ),
    attestKeyless: (image, token, instance, statement) =>
      must(
        [
          ['attest', ...instanceFlags(instance), '--identity-token', token],
          [...statementFlags(folder, statement), '--yes', image],
        ].flat(),
      ),
    signKeyless: (image, token, instance) =>
      must(['sign', ...instanceFlags(instance), '--identity-token', token, '--yes', image]),
    signKeylessTag: (image, token, instance) =>
      must(['sign', ...serverFlags(instance), '--identity-token', token, '--yes', image]),
    signLogged: (image, key, instance) =>
      must(['sign', '--key', key.file, ...instanceFlags(instance), '--yes', image]),
  };
};

/** Version 3 takes logs and authorities from a configuration that it fetches, unless told otherwise. */
const offline = (major: CosignMajor): readonly string[] => [
  '--tlog-upload=false',
  ...(major === 3 ? ['--use-signing-config=false'] : []),
];

const statementFlags = (folder: string, { type, predicate }: AttestedStatement): readonly string[] => {
  const file = join(folder, `predicate-${++predicates}.json`);
  writeFileSync(file, JSON.stringify(predicate));
  return ['--type', type, '--predicate', file];
};

const instanceFlags = ({ signingConfigFile, trustedRootFile }: SigstoreFiles): readonly string[] => [
  '--signing-config',
  signingConfigFile,
  '--trusted-root',
  trustedRootFile,
];

interface SigningConfig {
  readonly caUrls: readonly [{ readonly url: string }];
  readonly rekorTlogUrls: readonly [{ readonly url: string }];
  readonly tsaUrls: readonly [{ readonly url: string }];
}
/** Version 2 reads no signing configuration. It would check the SCT only with roots that it fetches. */
const serverFlags = ({ signingConfigFile }: SigstoreFiles): readonly string[] => {
  const config = JSON.parse(readFileSync(signingConfigFile, 'utf8')) as SigningConfig;
  return [
    ['--fulcio-url', config.caUrls[0].url, '--rekor-url', config.rekorTlogUrls[0].url],
    ['--timestamp-server-url', config.tsaUrls[0].url, '--insecure-skip-verify'],
  ].flat();
};

const formFlags = (major: CosignMajor, form: SignatureForm): readonly string[] => {
  const bundle = major === 3 || form === 'bundle' ? [`--new-bundle-format=${form === 'bundle'}`] : [];
  return form === 'referrer' ? [...bundle, '--registry-referrers-mode=oci-1-1'] : bundle;
};
