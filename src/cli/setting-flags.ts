import { Option } from 'commander';
import type { Command } from 'commander';
import { describeProblem } from '../config/sources/origin.ts';
import { loadSources } from '../config/sources/load.ts';
import { resolveSettings } from '../config/resolve.ts';
import type { ConfigOf, Flags } from '../config/resolve.ts';
import { settings } from '../config/settings/settings.ts';
import type { SettingKey } from '../config/settings/settings.ts';
import type { Terminal } from './terminal/terminal.ts';
import { UsageError } from './terminal/terminal.ts';

/** For options that may be given more than once. */
export const gather = (value: string, earlier: readonly string[] | undefined): readonly string[] => [
  ...(earlier ?? []),
  value,
];

/** Descriptions of settings that mean less to a command than to `serve`. */
type Descriptions = Readonly<Partial<Record<SettingKey, string>>>;

/** Adds the flags of some settings to a command; the configuration decides what they mean. */
export const addSettingFlags = (
  command: Command,
  keys: readonly SettingKey[],
  descriptions: Descriptions = {},
): Command => {
  for (const { key, flag, variable, placeholder, repeatable, fallback, description } of settings) {
    if (flag === undefined || !keys.includes(key)) continue;
    const notes = [
      variable === undefined ? '' : `env ${variable}`,
      fallback === undefined ? '' : `default ${fallback}`,
    ];
    const text = `${descriptions[key] ?? description} [${notes.filter(Boolean).join(', ')}]`;
    const option = new Option(
      placeholder === '' ? flag : `${flag} <${placeholder.replace(/[<>]/g, '').toLowerCase()}>`,
      text,
    );
    if (repeatable) option.argParser(gather);
    command.addOption(option);
  }
  return command.option(
    '--config <file>',
    'Configuration file (YAML) with the same settings. [env IMAGEGATE_CONFIG]',
  );
};

/** The settings of a command from flags, environment and file. Problems give exit code 2; remarks go to stderr. */
export const readSettings = <K extends SettingKey>(
  keys: readonly K[],
  flags: Flags,
  terminal: Terminal,
): ConfigOf<K> => {
  const sources = loadSources(flags);
  if (!sources.ok) throw new UsageError(sources.error.map(describeProblem));
  const resolved = resolveSettings(keys, sources.value);
  if (!resolved.ok) throw new UsageError(resolved.error.map(describeProblem));
  for (const remark of resolved.value.remarks) terminal.talk(`imagegate: ${remark}`);
  return resolved.value.config;
};
