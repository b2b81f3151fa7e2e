import { Command } from 'commander';
import type { Flags } from '../../config/resolve.ts';
import { suggest } from '../../core/policy/load/suggestion.ts';
import { quote } from '../../core/text/cut-middle.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { CommandModule } from '../command-module.ts';
import { renderTrustList, renderTrustRoot, summaryOf, trustRootReport } from '../render/trust-text.ts';
import { addSettingFlags, readSettings } from '../setting-flags.ts';
import { textOrJsonOption, type TextOrJson } from '../terminal/choice.ts';
import { exitCode, type ExitCode } from '../terminal/exit-code.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';
import { findRoots, readRootsFile, trustSettings } from '../trust-input.ts';

interface Output {
  readonly output: TextOrJson;
}
type Given = Output & Flags;

const find = async ({ output: _output, ...flags }: Given, terminal: Terminal) => {
  const { roots, broken } = await findRoots(readSettings(trustSettings, flags, terminal), terminal);
  const now = Date.now();
  return { broken, reports: roots.map(({ source, snapshot }) => trustRootReport(snapshot, now, source)) };
};

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

const list = async (flags: Given, terminal: Terminal): Promise<ExitCode> => {
  const { reports, broken } = await find(flags, terminal);
  terminal.out(flags.output === 'json' ? json({ roots: reports, broken }) : renderTrustList(reports));
  for (const text of broken) terminal.talk(shown(`imagegate: cannot be used: ${text}`));
  return broken.length === 0 ? exitCode.clean : exitCode.usage;
};

const show = async (name: string, flags: Given, terminal: Terminal): Promise<ExitCode> => {
  const { reports, broken } = await find(flags, terminal);
  const report = reports.find((one) => one.name === name);
  if (report === undefined) {
    const why = broken.find((text) => text.startsWith(`${name}: `));
    if (why !== undefined) throw new UsageError([shown(`cannot be used: ${why}`)]);
    const names = reports.map((one) => one.name);
    const near = suggest(name, names);
    const help = near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}?`;
    throw new UsageError([shown(`there is no trust root ${quote(name)}; ${help}`)]);
  }
  terminal.out(flags.output === 'json' ? json(report) : renderTrustRoot(report));
  return exitCode.clean;
};

const verify = async (file: string, { output }: Output, terminal: Terminal): Promise<ExitCode> => {
  const now = Date.now();
  const reports = (await readRootsFile(file, terminal)).map((snapshot) => trustRootReport(snapshot, now));
  if (output === 'json') terminal.out(json({ roots: reports }));
  else
    for (const report of reports)
      terminal.out(shown(`${report.name}: can be used: ${summaryOf(report)}`) + '\n');
  return exitCode.clean;
};

const codes = '\n\nExit codes: 0 read, 2 usage error, or a root that cannot be used';

const listCommand = (terminal: Terminal, done: (code: ExitCode) => void): Command =>
  addSettingFlags(
    new Command('list')
      .summary('list the trust roots that a gate would have')
      .description(
        'Lists the trust roots that a gate with these settings has: those that are shipped, those of a policy folder, those of a cluster. An object replaces the shipped root of its name.',
      )
      .addOption(textOrJsonOption())
      .addHelpText(
        'after',
        `\nExamples:\n  imagegate trust list\n  imagegate trust list --policies policies/${codes}, 4 the cluster cannot be reached`,
      ),
    trustSettings,
  ).action(async (flags: Given) => done(await list(flags, terminal)));

const showCommand = (terminal: Terminal, done: (code: ExitCode) => void): Command =>
  addSettingFlags(
    new Command('show')
      .summary('show what a trust root trusts, and from when until when')
      .description('Shows every authority and log of a trust root, with fingerprints and times.')
      .argument('<name>', 'the name of the trust root')
      .addOption(textOrJsonOption())
      .addHelpText(
        'after',
        `\nExample:\n  imagegate trust show sigstore${codes}, 4 the cluster cannot be reached`,
      ),
    trustSettings,
  ).action(async (name: string, flags: Given) => done(await show(name, flags, terminal)));

const verifyCommand = (terminal: Terminal, done: (code: ExitCode) => void): Command =>
  new Command('verify')
    .summary('say whether a gate could use a trust root, and if not, why')
    .description(
      'Reads a file as the gate would: TrustRoot objects, a trusted_root.json, the lines of gh attestation trusted-root, or PEM certificates of CAs.',
    )
    .argument('<file>', 'the file')
    .addOption(textOrJsonOption())
    .addHelpText('after', `\nExample:\n  imagegate trust verify acme.json${codes}`)
    .action(async (file: string, flags: Output) => done(await verify(file, flags, terminal)));

export const command: CommandModule['command'] = (terminal, done) =>
  new Command('trust')
    .description('Looks at trust roots: whom policies believe when they ask who signed an image.')
    .addHelpText('after', '\nExample:\n  imagegate trust list')
    .addCommand(listCommand(terminal, done))
    .addCommand(showCommand(terminal, done))
    .addCommand(verifyCommand(terminal, done));
