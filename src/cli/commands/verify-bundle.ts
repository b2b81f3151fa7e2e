import { Command } from 'commander';
import { parseDigest } from '../../core/image/digest.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { readPublicKey } from '../../core/text/public-key.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { Verification } from '../../evidence/verify/verification.ts';
import type { CommandModule } from '../command-module.ts';
import { readInputFile, readInputText } from '../input-file.ts';
import { exitCode, type ExitCode } from '../terminal/exit-code.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';
import type { BundleSigner } from '../verify-bundle.ts';

interface BundleFlags {
  readonly bundle: string;
  readonly staging?: boolean;
  readonly certificateIdentity?: string;
  readonly certificateOidcIssuer?: string;
  readonly key?: string;
  readonly trustedRoot?: string;
}

const mebibyte = 1024 * 1024;
/** What is larger than a file may be is verified by its digest. */
const maxBytes = { file: 512 * mebibyte, bundle: 24 * mebibyte, root: mebibyte, key: 64 * 1024 };

/** Who has to have signed, or why nobody can: a key that is none makes no bundle valid. */
const signerOf = async (flags: BundleFlags): Promise<Result<BundleSigner, string>> => {
  const { certificateIdentity: identity, certificateOidcIssuer: issuer, key } = flags;
  if (key !== undefined && identity === undefined && issuer === undefined) {
    const spki = readPublicKey(await readInputText(key, maxBytes.key));
    return spki.ok ? ok({ kind: 'key', spki: spki.value }) : fail(`the key ${spki.error}`);
  }
  if (key === undefined && identity !== undefined && issuer !== undefined)
    return ok({ kind: 'certificate', identity, issuer });
  throw new UsageError([
    'say who has to have signed: --certificate-identity with --certificate-oidc-issuer, or --key',
  ]);
};

const trustedRootOf = async ({ trustedRoot, staging }: BundleFlags): Promise<string> => {
  if (trustedRoot !== undefined) return readInputText(trustedRoot, maxBytes.root);
  if (staging === true)
    throw new UsageError(['--staging needs --trusted-root: the root of the staging instance is not shipped']);
  return (await import('../../adapters/trust-root/public-good.ts')).publicGoodRoot.trustedRoot;
};

const subjectOf = async (fileOrDigest: string): Promise<Verification['subject']> => {
  const digest = parseDigest(fileOrDigest);
  if (digest.ok) return { digest: digest.value };
  const manifest = await readInputFile(fileOrDigest, maxBytes.file);
  const { digestOf } = await import('../../evidence/content-digest.ts');
  return { digest: digestOf(manifest, 'sha256'), manifest };
};

const verify = async (fileOrDigest: string, flags: BundleFlags, terminal: Terminal): Promise<ExitCode> => {
  const signer = await signerOf(flags);
  const trustedRoot = await trustedRootOf(flags);
  const bundle = await readInputFile(flags.bundle, maxBytes.bundle);
  const subject = await subjectOf(fileOrDigest);
  const { whyNotValid } = await import('../verify-bundle.ts');
  const why = signer.ok
    ? whyNotValid({ bundle, subject, signer: signer.value, trustedRoot, now: Date.now() })
    : signer.error;
  if (why === undefined) {
    terminal.out('the bundle is valid\n');
    return exitCode.clean;
  }
  terminal.talk(shown(`imagegate: the bundle is not valid: ${why}`));
  return exitCode.findings;
};

const examples = `
Examples:
  imagegate verify-bundle --bundle app.sigstore.json --key cosign.pub app.tar
  imagegate verify-bundle --bundle app.sigstore.json --certificate-identity release@example.com \\
    --certificate-oidc-issuer https://accounts.google.com sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae

Exit codes: 0 the bundle is valid, 1 it is not, 2 usage error`;

export const command: CommandModule['command'] = (terminal, done) =>
  new Command('verify-bundle')
    .description(
      'Verifies a Sigstore bundle over a file or its digest: signature, certificate, log entries and timestamps, by the trust root of public-good Sigstore or another one. It asks nobody over the network.',
    )
    .argument('<file-or-digest>', 'what was signed: a file, or a digest such as sha256:…')
    .requiredOption('--bundle <file>', 'The bundle, version 0.1 to 0.3.')
    .option('--certificate-identity <name>', 'The name in the certificate of the signer, exactly.')
    .option('--certificate-oidc-issuer <url>', 'Who told the certificate authority that name, exactly.')
    .option('--key <file>', 'The public key of the signer, as PEM.')
    .option('--trusted-root <file>', 'A trusted_root.json in place of that of public-good Sigstore.')
    .option('--staging', 'The staging instance of Sigstore, whose root --trusted-root gives.')
    .addHelpText('after', examples)
    .action(async (fileOrDigest: string, flags: BundleFlags) => {
      done(await verify(fileOrDigest, flags, terminal));
    });
