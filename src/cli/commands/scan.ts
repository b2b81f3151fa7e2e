import { Command } from 'commander';
import { gapKinds } from '../../core/vulnerability/gap.ts';
import { severityLevels } from '../../core/vulnerability/severity/severity.ts';
import { formatOption } from '../check/outputs.ts';
import type { CommandModule } from '../command-module.ts';
import { scan, scanFormats, type ScanFlags } from '../scan/scan.ts';
import { addSettingFlags, gather, layerSettings } from '../setting-flags.ts';
import { oneOf } from '../terminal/choice.ts';
import { failOnLevels } from '../terminal/exit-code.ts';

const descriptions = {
  data: 'Where the advisories lie that `advisories import` brought, and what was found in images is kept.',
};

const examples = `
Examples:
  imagegate scan registry.example.com/shop/web:1.4.2
  imagegate scan oci:web-layout --platform linux/amd64
  imagegate scan registry.example.com/shop/web:1.4.2 --why CVE-2026-1000
  imagegate scan tar:web.tar
  imagegate scan sbom:web.cdx.json --only-fixable --min-severity high
  imagegate scan registry.example.com/shop/web:1.4.2 --platform linux/amd64 -o json
  imagegate scan registry.example.com/shop/web:1.4.2 --platform linux/amd64 -o cyclonedx=web.cdx.json
  imagegate scan registry.example.com/shop/web:1.4.2 --policies policies/ -n shop
  imagegate scan tar:web.tar --policies policies/ --name registry.example.com/shop/web:1.4.2

Exit codes: 0 nothing that counts, 1 something that counts or a malicious package, 2 usage error, 3 something was not
looked at: a gap that is not allowed, layers that cannot be read, advisories that are missing or old; with
--policies they are those of \`check image\`, and 3 where nobody could look at the image
An image is judged by what is in its layers: in its registry, or in files (oci: an OCI image layout; tar: what docker save
writes, or such a layout; rootfs: a folder). Package lists that stand beside it in its registry add to that, whoever made
them. Registries are asked with your logins of docker and podman.`;

export const command: CommandModule['command'] = (terminal, done) => {
  const command = new Command('scan')
    .description(
      'Shows what is in an image or a package list, what is published about it, and what nobody looked at.',
    )
    .argument(
      '<target...>',
      'an image such as registry.example.com/shop/web:1.4.2, oci:DIR, tar:FILE, rootfs:DIR or sbom:FILE',
    )
    .usage('TARGET… [options]')
    .option(
      '--platform <platform>',
      'Only the image for this platform, such as linux/amd64; repeatable.',
      gather,
    )
    .option(
      '--min-severity <level>',
      `From which level on a vulnerability counts: ${severityLevels.join('|')}; what nobody rated counts as high.`,
      (text: string) => oneOf('--min-severity', text, severityLevels),
      'low',
    )
    .option('--only-fixable', 'Only what is fixed in a later version counts.')
    .option('--accept <id>', 'A vulnerability that does not count, by any of its ids; repeatable.', gather)
    .option(
      '--allow-gap <kind>',
      `A kind of gap that does not matter: ${gapKinds.join('|')}; repeatable.`,
      (text: string, earlier: readonly string[] | undefined) =>
        gather(oneOf('--allow-gap', text, gapKinds), earlier),
    )
    .option(
      '--why <id>',
      'Instead of the table: what a vulnerability is, and path, layer, build step, range and comparison behind it; repeatable.',
      gather,
    )
    .option(
      '--fail-on <level>',
      `From which mode of a finding on the command ends with exit code 1: ${failOnLevels.join('|')}; without policies what counts is deny, the rest audit.`,
      (text: string) => oneOf('--fail-on', text, failOnLevels),
      'deny',
    )
    .option(
      '--policies <path>',
      'Folder or file with policies, whose verdict on the image decides instead; repeatable.',
      gather,
    )
    .option('-n, --namespace <name>', 'The namespace for which --policies judges; default unless told.')
    .option(
      '--name <ref>',
      'As which image --policies judges what lies on this machine: the reference that it will be pushed as.',
    )
    .option('--advisories <folder>', 'Advisories of another folder than that below --data.')
    .addOption(formatOption(scanFormats))
    .option('-q, --quiet', 'Say nothing but errors on stderr.');
  return addSettingFlags(command, layerSettings, descriptions)
    .addHelpText('after', examples)
    .action(async (targets: readonly string[], flags: ScanFlags) =>
      done(await scan(targets, flags, terminal)),
    );
};
