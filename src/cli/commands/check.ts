import { Command } from 'commander';
import { checkImages, type ImageFlags } from '../check/check-image.ts';
import { checkManifests, manifestSettings, type ManifestFlags } from '../check/check-manifest.ts';
import { checkSettings, hushed } from '../check/check-run.ts';
import { oneOf } from '../terminal/choice.ts';
import type { CommandModule } from '../command-module.ts';
import { failOnLevels, type ExitCode } from '../terminal/exit-code.ts';
import { outputOption } from '../check/outputs.ts';
import { addSettingFlags, gather } from '../setting-flags.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';

const descriptions = {
  policies: 'Folder or file with policies; repeatable.',
  data: 'Where the advisories lie that `advisories import` brought, and what was found in images is kept.',
  kubeconfig:
    'A cluster to look up the labels of namespaces in, and for nothing else: its pull secrets are not read.',
  context: 'Which context of --kubeconfig; the current one unless told otherwise.',
};

const manifestExamples = `
Examples:
  imagegate check manifest -f deploy/ --policies policies/
  imagegate check manifest -f . --exclude 'charts/**' --exclude tsconfig.json --policies policies/
  helm template . | imagegate check manifest -f - --policies policies/ -o sarif=out.sarif
  imagegate check manifest -f app.yaml --policies policies/ -n shop --namespace-labels namespaces.yaml
  imagegate check manifest -f deploy/ --policies policies/ --pin
  imagegate check manifest -f values-prod.yaml --values-image web.container --policies policies/ --pin`;

const imageExamples = `
Examples:
  imagegate check image registry.example.com/shop/web:1.4.2 --policies policies/ -n shop
  kubectl get pods -A -o jsonpath='{range .items[*].spec.containers[*]}{.image}{"\\n"}{end}' | sort -u | imagegate check image - --policies policies/
  imagegate check image -f images.txt --policies policies/ -o json`;

const exitCodes = `
Exit codes: 0 clean, 1 findings, 2 usage or policy error, 3 something could not be looked at
Registries are asked when a policy needs it, with your logins of docker and podman and what --config says.`;

/** What every `check` takes beside the settings. */
const addCheckOptions = (command: Command, namespace: string): Command =>
  command
    .option('-n, --namespace <name>', namespace, 'default')
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
    .option('-q, --quiet', 'Say nothing but errors on stderr.');

const manifest = (): Command => {
  const command = new Command('manifest')
    .summary('judge the objects of manifests')
    .description('Judges every workload of the manifests as the webhook would judge it when it is created.')
    .argument('[path...]')
    .usage('-f PATH… --policies PATH… [options]')
    .option(
      '-f, --filename <path>',
      'File, folder (recursive: .yaml, .yml, .json) or - for standard input; repeatable.',
      gather,
    )
    .option(
      '--exclude <glob>',
      'What to leave out of folders: a name (*.test.yaml), or a path below the folder of -f (charts/**); repeatable.',
      gather,
    )
    .option(
      '--pin',
      'Write the digest that each tag stands for now into manifests, kustomizations and Helm values, then judge the manifests: files in place, standard input to standard output. Every image without a digest; the rest of the text stays as it is.',
    )
    .option(
      '--values-image <path>',
      'With --pin: where Helm values name an image in another form than image: text or image: { repository, tag }; the path of a text or of a map (web.container); repeatable.',
      gather,
    );
  return addSettingFlags(
    addCheckOptions(command, 'Namespace of objects that name none.'),
    manifestSettings,
    descriptions,
  ).addHelpText('after', `${manifestExamples}\n${exitCodes}`);
};

const image = (): Command => {
  const command = new Command('image')
    .summary('judge images by their references')
    .description(
      'Judges images as the webhook would judge them in a workload of the namespace; what a policy selects by labels of objects counts as matching, because there is no object.',
    )
    .argument('[reference...]', 'images such as registry.example.com/shop/web:1.4.2; - for standard input')
    .usage('REFERENCE… --policies PATH… [options]')
    .option(
      '-f, --filename <path>',
      'List of images, one a line, or - for standard input; repeatable.',
      gather,
    );
  return addSettingFlags(
    addCheckOptions(command, 'Namespace in which the images are to run.'),
    checkSettings,
    descriptions,
  ).addHelpText('after', `${imageExamples}\n${exitCodes}`);
};

const judgeManifests = (
  paths: readonly string[],
  flags: ManifestFlags,
  terminal: Terminal,
): Promise<ExitCode> => {
  const [path] = paths;
  if (path !== undefined) throw new UsageError([`${JSON.stringify(path)} stands alone; write -f ${path}`]);
  return checkManifests(flags, hushed(terminal, flags.quiet));
};

export const command: CommandModule['command'] = (terminal, done) =>
  new Command('check')
    .description('Judges manifests and images with the same policies and the same engine as the webhook.')
    .addHelpText('after', `${manifestExamples}\n${imageExamples.replace('\nExamples:\n', '')}`)
    .addCommand(
      manifest().action(async (paths: readonly string[], flags: ManifestFlags) =>
        done(await judgeManifests(paths, flags, terminal)),
      ),
    )
    .addCommand(
      image().action(async (references: readonly string[], flags: ImageFlags) =>
        done(await checkImages(references, flags, hushed(terminal, flags.quiet))),
      ),
    );
