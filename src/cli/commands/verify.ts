import { Command, Option } from 'commander';
import type { CommandModule } from '../command-module.ts';
import { outputOption } from '../check/outputs.ts';
import { addSettingFlags } from '../setting-flags.ts';
import { verifyImage, verifySettings, type VerifyFlags } from '../verify/verify-image.ts';

const descriptions = {
  policies: 'Folder or file with policies: their checks of signatures and attestations; repeatable.',
};

/** Each is refused with a text that says what to do instead. */
const future = ['--kms <uri>', '--notation-policy <file>', '--trust-store <folder>'];

const examples = `
Examples:
  imagegate verify registry.example.com/shop/web:1.4.2 --policies policies/
  imagegate verify registry.example.com/shop/web:1.4.2 --key cosign.pub
  imagegate verify ghcr.io/acme/web:1.4.2 --certificate-oidc-issuer https://token.actions.githubusercontent.com \\
    --certificate-identity 'https://github.com/acme/web/.github/workflows/release.yml@refs/tags/*'
  imagegate verify registry.example.com/shop/web:1.4.2 --key cosign.pub --type slsaprovenance1 -o json

Exit codes: 0 valid, 1 not valid, 2 usage error, or a policy, key or trust root that cannot be used, 3 something could
not be looked at
Registries are asked with your logins of docker and podman and what --config says.`;

export const command: CommandModule['command'] = (terminal, done) => {
  const verify = new Command('verify')
    .description(
      'Shows every signature and attestation of an image: where it stands, who made it and when, each check that was made of it, and why it does not count. It says which authority each one satisfies, by the same checks as the webhook. It reads every candidate, and stops at none.',
    )
    .argument('<reference>', 'an image such as registry.example.com/shop/web:1.4.2')
    .usage(
      'REFERENCE (--policies PATH… | --key FILE | --certificate-identity NAME --certificate-oidc-issuer URL) [options]',
    )
    .option('--key <file>', 'A public key, as PEM, in place of policies.')
    .option(
      '--certificate-identity <name>',
      'The name in the certificate of the signer, exact or with wildcards as in a policy, in place of policies.',
    )
    .option('--certificate-oidc-issuer <url>', 'Who told the certificate authority that name, exactly.')
    .option('--trusted-root <file>', 'A trusted_root.json in place of that of public-good Sigstore.')
    .option(
      '--type <type>',
      'Attestations of this predicate type, a URI or a word of cosign, in place of signatures.',
    )
    .option('-n, --namespace <name>', 'Only the policies that cover this namespace by its name.')
    .addOption(outputOption())
    .option('-q, --quiet', 'Say nothing but errors on stderr.');
  for (const flag of future) verify.addOption(new Option(flag).hideHelp());
  return addSettingFlags(verify, verifySettings, descriptions)
    .addHelpText('after', examples)
    .action(async (reference: string, flags: VerifyFlags) =>
      done(await verifyImage(reference, flags, terminal)),
    );
};
