import { Command } from 'commander';
import { oneOf } from '../choice.ts';
import type { CommandModule } from '../commands.ts';
import { failOnLevels } from '../exit-code.ts';
import type { ExitCode } from '../exit-code.ts';
import { checkManifests, checkSettings } from '../check-manifest.ts';
import type { CheckFlags } from '../check-manifest.ts';
import { outputOption } from '../outputs.ts';
import { addSettingFlags, gather } from '../setting-flags.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../terminal.ts';

const descriptions = {
  policies: 'Folder or file with policies; repeatable.',
  kubeconfig: 'A cluster to look up the labels of namespaces in, and for nothing else.',
  context: 'Which context of --kubeconfig; the current one unless told otherwise.',
};

const examples = `
Examples:
  imagegate check manifest -f deploy/ --policies policies/
  helm template . | imagegate check manifest -f - --policies policies/ -o sarif=out.sarif
  imagegate check manifest -f app.yaml --policies policies/ -n shop --namespace-labels namespaces.yaml`;

const manifest = (command: Command): Command =>
  command
    .summary('judge the objects of manifests')
    .description('Judges every workload of the manifests as the webhook would judge it when it is created.')
    .argument('[path...]')
    .usage('-f PATH… --policies PATH… [options]')
    .option(
      '-f, --filename <path>',
      'File, folder (recursive: .yaml, .yml, .json) or - for standard input; repeatable.',
      gather,
    )
    .option('-n, --namespace <name>', 'Namespace of objects that name none.', 'default')
    .option(
      '--namespace-labels <file>',
      'Labels of namespaces: Namespace objects, or a map from name to labels.',
    )
    .option(
      '--fail-on <level>',
      `From which mode on a finding ends with exit code 1: ${failOnLevels.join('|')}.`,
      (text: string) => oneOf('--fail-on', text, failOnLevels),
      'deny',
    )
    .addOption(outputOption())
    .option('-q, --quiet', 'Say nothing but errors on stderr.')
    .addHelpText('after', examples);

const action = (paths: readonly string[], flags: CheckFlags, terminal: Terminal): Promise<ExitCode> => {
  const [path] = paths;
  if (path !== undefined) throw new UsageError([`${JSON.stringify(path)} stands alone; write -f ${path}`]);
  const quiet: Terminal = { ...terminal, talk: () => undefined, status: undefined };
  return checkManifests(flags, flags.quiet === true ? quiet : terminal);
};

export const command: CommandModule['command'] = (terminal, done) => {
  const check = addSettingFlags(manifest(new Command('manifest')), checkSettings, descriptions).action(
    async (paths: readonly string[], flags: CheckFlags) => done(await action(paths, flags, terminal)),
  );
  return new Command('check')
    .description('Judges manifests with the same policies and the same engine as the webhook.')
    .addHelpText('after', examples)
    .addCommand(check);
};
