import { Command, Option } from 'commander';
import { settings } from '../../config/settings.ts';
import type { CommandModule } from '../commands.ts';
import { failOnLevels } from '../exit-code.ts';
import type { FailOn } from '../exit-code.ts';
import { checkManifests, checkSettings } from '../check-manifest.ts';
import type { CheckFlags } from '../check-manifest.ts';
import { outputOption } from '../outputs.ts';
import { addSettingFlags } from '../setting-flags.ts';

const gather = (value: string, earlier: readonly string[]): readonly string[] => [...earlier, value];

const examples = `
Examples:
  imagegate check manifest -f deploy/ --policies policies/
  helm template . | imagegate check manifest -f - --policies policies/ -o sarif=out.sarif
  imagegate check manifest -f app.yaml --policies policies/ -n shop --namespace-labels namespaces.yaml`;

const manifest = (command: Command): Command =>
  command
    .summary('judge the objects of manifests')
    .description('Judges every workload of the manifests as the webhook would judge it when it is created.')
    .requiredOption(
      '-f, --filename <path>',
      'file, folder (recursive) or - for standard input; repeatable',
      gather,
      [],
    )
    .option('-n, --namespace <name>', 'namespace of objects that name none', 'default')
    .option(
      '--namespace-labels <file>',
      'labels of namespaces: Namespace objects, or a map from name to labels',
    )
    .addOption(
      new Option('--fail-on <level>', 'from which mode on a finding ends with exit code 1')
        .choices(failOnLevels)
        .default('deny'),
    )
    .addOption(outputOption())
    .option('-q, --quiet', 'say nothing on stderr')
    .addHelpText('after', examples);

export const command: CommandModule['command'] = (terminal, done) => {
  const known = checkSettings.filter((key) => settings.some((setting) => setting.key === key));
  const check = addSettingFlags(manifest(new Command('manifest')), known).action(
    async (flags: CheckFlags & { readonly failOn: FailOn }) => {
      done(
        await checkManifests(flags, flags.quiet === true ? { ...terminal, talk: () => undefined } : terminal),
      );
    },
  );
  return new Command('check')
    .description('Judges manifests with the same policies and the same engine as the webhook.')
    .addHelpText('after', examples)
    .addCommand(check);
};
