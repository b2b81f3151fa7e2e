import { Option, type Command } from 'commander';
import { describeConfigProblems } from '../config/sources/origin.ts';
import { loadSources } from '../config/sources/load.ts';
import { resolveSettings, type Flags } from '../config/resolve.ts';
import type { ConfigOf } from '../config/resolved.ts';
import { settings, type SettingKey } from '../config/settings/settings.ts';
import { valueOrUsage, type Terminal } from './terminal/terminal.ts';

/** The settings of `serve` that say how registries are reached; they mean the same to every command. */
export const registrySettings = [
  'registries',
  'registryDefaults',
  'cloudIdentities',
  'httpsProxy',
  'httpProxy',
  'noProxy',
] as const satisfies readonly SettingKey[];

/** Those that say besides how images are looked into, and where what was found in them is kept. */
export const layerSettings = [
  'data',
  'scan',
  'endOfLife',
  'inventoryMaxAge',
  'inventoryMaxBytes',
  ...registrySettings,
] as const satisfies readonly SettingKey[];

export type RegistryConfig = ConfigOf<(typeof registrySettings)[number]>;

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
  const sources = valueOrUsage(loadSources(flags), describeConfigProblems);
  const { config, remarks } = valueOrUsage(resolveSettings(keys, sources), describeConfigProblems);
  for (const remark of remarks) terminal.talk(`imagegate: ${remark}`);
  return config;
};
