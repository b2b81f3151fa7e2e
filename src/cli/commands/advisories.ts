import { resolve } from 'node:path';
import { Command } from 'commander';
import { loadUsable, type UsableGeneration } from '../../adapters/advisories/advisory-folder.ts';
import { feedStatuses } from '../../adapters/advisories/feed-status.ts';
import { readAttempts, type FeedAttempt } from '../../adapters/advisories/update/attempts.ts';
import { parseDuration } from '../../config/values/duration.ts';
import type { Flags } from '../../config/resolve.ts';
import type { SettingKey } from '../../config/settings/settings.ts';
import { readTime } from '../../core/oci/time.ts';
import { isDnsLabel } from '../../core/text/dns-name.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { FeedTime } from '../../core/vulnerability/advisory.ts';
import { advisoryFolder } from '../../serve/advisories/open-advisories.ts';
import { findFeedFiles } from '../advisories/feed-files.ts';
import { importFeeds } from '../advisories/import-feeds.ts';
import { formatOption, writeFormats, type OutputTarget } from '../check/outputs.ts';
import type { CommandModule } from '../command-module.ts';
import { feedSettings, updateFeeds } from '../advisories/update-feeds.ts';
import {
  feedList,
  importList,
  renderFeedTable,
  renderImportTable,
  renderUpdateTable,
  updateList,
} from '../render/advisories-text.ts';
import { addSettingFlags, readSettings } from '../setting-flags.ts';
import { exitCode, type ExitCode } from '../terminal/exit-code.ts';
import { UsageError, valueOrUsage, type Terminal } from '../terminal/terminal.ts';

const keys = ['data'] as const satisfies readonly SettingKey[];
const formats = ['table', 'json', 'yaml'] as const;
type Format = (typeof formats)[number];

interface CommonFlags {
  readonly maxAge?: number;
  readonly output?: readonly OutputTarget<Format>[];
}
interface UpdateFlags extends CommonFlags {
  readonly acceptLoss?: true;
}
interface ImportFlags extends UpdateFlags {
  readonly name?: string;
  readonly asOf?: string;
}

const maxAge = (text: string): number => valueOrUsage(parseDuration(text), (why) => `--max-age ${why}`);

const feedName = (text: string): string => {
  if (isDnsLabel(text)) return text;
  throw new UsageError([
    `--name ${JSON.stringify(text)}: write lower case letters, digits and -, at most 63 characters`,
  ]);
};

/** A day counts from its beginning: a feed is never younger than somebody said. */
const asOf = (text: string): string => {
  const time = readTime(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  if (time === undefined)
    throw new UsageError([`--as-of ${JSON.stringify(text)}: write a day or a time, such as 2026-11-29`]);
  if (time > Date.now()) throw new UsageError([`--as-of ${JSON.stringify(text)} is in the future`]);
  return new Date(time).toISOString();
};

const folderOf = (flags: Flags, terminal: Terminal): string =>
  advisoryFolder(resolve(readSettings(keys, flags, terminal).data.value));

const write = (
  list: object,
  table: Iterable<string>,
  { output }: CommonFlags,
  terminal: Terminal,
): Promise<void> =>
  writeFormats<Format>(output, terminal, async (format) => {
    if (format === 'table') return table;
    if (format === 'json') return [`${JSON.stringify(list, undefined, 2)}\n`];
    return [(await import('../render/yaml.ts')).yamlText(list)];
  });

/** The advisories in force; when they cannot be used, those before, and a line that says so. */
const load = async (folder: string, terminal: Terminal): Promise<UsableGeneration | undefined> => {
  const usable = await loadUsable(folder);
  if (usable.ok && usable.value.fault === undefined) return usable.value;
  const fault = usable.ok ? usable.value.fault : usable.error;
  if (!usable.ok && usable.error.kind === 'none') {
    terminal.talk(
      shown(`imagegate: no advisories in ${folder}; \`imagegate advisories import\` brings some`),
    );
    return undefined;
  }
  const kept = usable.ok ? '; those before stay in force' : '';
  terminal.talk(shown(`imagegate: the advisories cannot be used (${fault?.kind}): ${fault?.why}${kept}`));
  return usable.ok ? usable.value : undefined;
};

const isTooOld = (feeds: readonly Pick<FeedTime, 'asOf'>[], limit: number | undefined): boolean =>
  limit !== undefined && feeds.some((feed) => Date.now() - Date.parse(feed.asOf) > limit);

/** What is too old outranks what could not be read (R20). */
const codeOf = (
  feeds: readonly Pick<FeedTime, 'asOf'>[],
  { maxAge: limit }: CommonFlags,
  isWhole: boolean,
): ExitCode => {
  if (isTooOld(feeds, limit)) return exitCode.findings;
  return isWhole ? exitCode.clean : exitCode.incomplete;
};

const hasAnswered = ({ outcome }: FeedAttempt): boolean => outcome === 'accepted' || outcome === 'unchanged';

const status = async ({ maxAge: limit, output, ...rest }: CommonFlags & Flags, terminal: Terminal) => {
  const folder = folderOf(rest, terminal);
  const usable = await load(folder, terminal);
  const statuses = usable === undefined ? [] : feedStatuses(usable.loaded);
  const attempts = await readAttempts(folder);
  const list = feedList(statuses, usable?.loaded.name, attempts, Date.now());
  const common = { ...(limit && { maxAge: limit }), ...(output && { output }) };
  await write(list, usable === undefined ? [] : renderFeedTable(list), common, terminal);
  for (const { feed, ecosystem, outcome, why = '' } of attempts.filter((one) => !hasAnswered(one)))
    terminal.talk(shown(`imagegate: ${feed} ${ecosystem}: ${outcome}, the last good stays: ${why}`));
  const isWhole = usable !== undefined && usable.fault === undefined && attempts.every(hasAnswered);
  return codeOf(statuses, common, isWhole);
};

const update = async (
  names: readonly string[],
  { maxAge: limit, output, acceptLoss, ...rest }: UpdateFlags & Flags,
  terminal: Terminal,
) => {
  const config = readSettings(feedSettings, rest, terminal);
  const folder = advisoryFolder(resolve(config.data.value));
  const request = { folder, names, isLossAccepted: acceptLoss === true };
  const attempts = await updateFeeds(config, request, terminal);
  const list = updateList(attempts);
  const common = { ...(limit && { maxAge: limit }), ...(output && { output }) };
  await write(list, renderUpdateTable(list), common, terminal);
  for (const { feed, ecosystem, wholeBecause } of list.items)
    if (wholeBecause !== undefined)
      terminal.talk(
        `imagegate: ${feed} ${ecosystem}: all of it was asked for, not only what changed: ${wholeBecause}`,
      );
  const usable = await loadUsable(folder);
  const inForce = usable.ok ? feedStatuses(usable.value.loaded) : [];
  return codeOf(inForce, common, usable.ok && attempts.every(hasAnswered));
};

const tellUnreadable = (list: ReturnType<typeof importList>, terminal: Terminal): void => {
  for (const { path, unreadable = 0, unreadableNames = [] } of list.items)
    if (unreadable > 0)
      terminal.talk(
        shown(`imagegate: ${path}: ${unreadable} records cannot be read: ${unreadableNames.join(', ')}`),
      );
};

const importPaths = async (
  paths: readonly string[],
  { maxAge: limit, output, name, asOf: time, acceptLoss, ...rest }: ImportFlags & Flags,
  terminal: Terminal,
) => {
  const folder = folderOf(rest, terminal);
  const files = await findFeedFiles(paths, (line) => terminal.talk(`imagegate: ${line}`));
  const imports = await importFeeds(
    files,
    {
      folder,
      isLossAccepted: acceptLoss === true,
      ...(name === undefined ? {} : { feed: name }),
      ...(time === undefined ? {} : { asOf: time }),
    },
    terminal,
  );
  const list = importList(imports);
  const common = { ...(limit && { maxAge: limit }), ...(output && { output }) };
  await write(list, renderImportTable(list), common, terminal);
  tellUnreadable(list, terminal);
  const inForce = imports.flatMap(({ asOf: age }) => (age === undefined ? [] : [{ asOf: age }]));
  return codeOf(inForce, common, inForce.length === imports.length);
};

const codes =
  '\n\nExit codes: 0 read, 1 a feed is older than --max-age, 2 usage error, 3 a feed could not be read and the last good stays, 4 the folder cannot be written';

const withCommon = (command: Command): Command =>
  addSettingFlags(
    command
      .option('--max-age <duration>', 'Exit code 1 when a feed is older than 12h, 5d ….', maxAge)
      .addOption(formatOption(formats)),
    keys,
    { data: 'The folder of the gate; advisories lie in it.' },
  );

const importCommand = (terminal: Terminal, done: (code: ExitCode) => void): Command =>
  withCommon(
    new Command('import')
      .summary('put advisories of files in force')
      .description(
        'Compiles advisories in the layout of OSV, <ECOSYSTEM>/all.zip, and the list of known exploited vulnerabilities (KEV) of CISA, and puts them in force, while the gate runs or not. What is empty, a tenth smaller or older than what is in force is refused, and the last good stays.',
      )
      .argument(
        '<path...>',
        'files <ECOSYSTEM>/all.zip or <ECOSYSTEM>.zip, a KEV file (.json), or folders that hold such',
      )
      .option('--name <name>', 'The name of the feed; osv or kev unless told otherwise.', feedName)
      .option(
        '--as-of <time>',
        'When the files were true, a day or RFC 3339; without it as old as their newest record.',
        asOf,
      )
      .option('--accept-loss', 'Accept files with a tenth fewer advisories than are in force.'),
  )
    .addHelpText(
      'after',
      `\nExamples:\n  imagegate advisories import PyPI/all.zip\n  imagegate advisories import osv/ --as-of 2026-11-29${codes}`,
    )
    .action(async (paths: readonly string[], flags: ImportFlags & Flags) =>
      done(await importPaths(paths, flags, terminal)),
    );

const updateCommand = (terminal: Terminal, done: (code: ExitCode) => void): Command =>
  withCommon(
    new Command('update')
      .summary('ask the feeds of the configuration again')
      .description(
        'Asks the feeds that `advisories` in the file of --config names, and puts in force what is new, while the gate runs or not. What is cut off, empty, a tenth smaller or older than what is in force is refused, and the last good stays.',
      )
      .argument('[feed...]', 'only these')
      .option('--accept-loss', 'Accept files with a tenth fewer advisories than are in force.'),
  )
    .addHelpText(
      'after',
      `\nExamples:\n  imagegate advisories update --config gate.yaml\n  imagegate advisories update osv --config gate.yaml --max-age 1d${codes}`,
    )
    .action(async (names: readonly string[], flags: UpdateFlags & Flags) =>
      done(await update(names, flags, terminal)),
    );

const statusCommand = (terminal: Terminal, done: (code: ExitCode) => void): Command =>
  withCommon(
    new Command('status')
      .summary('show which advisories are in force, and how old they are')
      .description('Shows the advisories in force, by feed and ecosystem, with the age of each.'),
  )
    .addHelpText(
      'after',
      `\nExamples:\n  imagegate advisories status\n  imagegate advisories status --max-age 5d -o json${codes}`,
    )
    .action(async (flags: CommonFlags & Flags) => done(await status(flags, terminal)));

export const command: CommandModule['command'] = (terminal, done) =>
  new Command('advisories')
    .description('Keeps what is published about packages: the feeds by which images are judged.')
    .addHelpText('after', '\nExample:\n  imagegate advisories status')
    .addCommand(importCommand(terminal, done))
    .addCommand(updateCommand(terminal, done))
    .addCommand(statusCommand(terminal, done));
