import { statSync } from 'node:fs';
import { fail, ok, type Result } from '../../core/result.ts';
import { fileVersion } from '../../files/regular-file.ts';
import { readTextFile } from '../../files/text-file.ts';
import { maxConfigFileBytes } from '../sources/config-file.ts';
import { quote } from '../../core/text/cut-middle.ts';
import { describeConfigProblem, type ConfigProblem } from '../sources/origin.ts';
import {
  loadEventSources,
  loadFeeds,
  loadRegistries,
  loadRegistryDefaults,
  type LoadedDefaults,
  type LoadedEventSource,
  type LoadedFeed,
  type LoadedRegistry,
} from './registry-files.ts';
import { resolveSettings } from '../resolve.ts';
import type { ConfigOf } from '../resolved.ts';

/** The part of the configuration that may change while the gate runs, with the content of its files. */
export interface LiveRegistries {
  readonly registries: readonly LoadedRegistry[];
  readonly defaults: LoadedDefaults;
  readonly events: readonly LoadedEventSource[];
  /** Feeds of advisories. */
  readonly feeds: readonly LoadedFeed[];
}

const liveSettings = ['registries', 'registryDefaults', 'registryEvents', 'advisories'] as const;

/** Reads the files that they name and reports every problem. */
export const loadLiveRegistries = (
  config: ConfigOf<(typeof liveSettings)[number]>,
): Result<LiveRegistries, readonly ConfigProblem[]> => {
  const registries = loadRegistries(config.registries);
  const defaults = loadRegistryDefaults(config.registryDefaults);
  const events = loadEventSources(config.registryEvents);
  const feeds = loadFeeds(config.advisories);
  if (registries.ok && defaults.ok && events.ok && feeds.ok) {
    return ok({
      registries: registries.value,
      defaults: defaults.value,
      events: events.value,
      feeds: feeds.value,
    });
  }
  return fail([registries, defaults, events, feeds].flatMap((loaded) => (loaded.ok ? [] : loaded.error)));
};

/**
 * Reads `registries`, `registryDefaults`, `registryEvents` and `advisories` of the configuration file again. All other settings
 * (addresses, rules of judgement, clouds) change only with a restart.
 */
export const rereadRegistries = (path: string): Result<LiveRegistries, readonly ConfigProblem[]> => {
  const text = readTextFile(path, { bytes: maxConfigFileBytes, silence: 0 });
  if (!text.ok) {
    const origin = { kind: 'flag', flag: '--config' } as const;
    return fail([{ origin, message: `cannot read ${quote(path)}: ${text.error}` }]);
  }
  const sources = { flags: {}, environment: {}, file: { path, text: text.value } };
  const resolved = resolveSettings(liveSettings, sources);
  return resolved.ok ? loadLiveRegistries(resolved.value.config) : resolved;
};

/** Changes whenever the file does; a mounted ConfigMap changes by a link to another file. */
const stampOf = (file: string): string => {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? '' : fileVersion(found);
};

const filesOf = (
  path: string,
  { registries, defaults, events, feeds }: LiveRegistries,
): readonly string[] => [
  path,
  ...(defaults.caFile === undefined ? [] : [defaults.caFile]),
  ...registries.flatMap(({ caFile, clientCertFile, clientKeyFile, dockerConfigFile }) =>
    [caFile, clientCertFile, clientKeyFile, dockerConfigFile].filter((file) => file !== undefined),
  ),
  ...events.map(({ tokenFile }) => tokenFile),
  ...feeds.flatMap(({ caFile }) => caFile ?? []),
];

interface RegistryReloadOptions {
  /** The file of `--config`. */
  readonly path: string;
  /** The rows with which the gate started. */
  readonly first: LiveRegistries;
  readonly onChange: (live: LiveRegistries) => void;
  /** Called once for each new problem. The last good rows stay in use. */
  readonly onProblem: (problems: readonly string[]) => void;
}

/** Call `look` every few seconds. */
interface RegistryReload {
  look(): void;
}

/**
 * Follows the configuration file and the files that its registries and feeds name. A change counts when two looks found the
 * same files, since a file may be half written at the first. Rows that cannot be used are reported, and the last good
 * rows stay: a typo or a full disk must not stop pulls or open a registry that was guarded.
 */
export const createRegistryReload = (options: RegistryReloadOptions): RegistryReload => {
  const { path, first, onChange, onProblem } = options;
  let current = first;
  const stamp = (live: LiveRegistries): string => {
    try {
      return JSON.stringify(filesOf(path, live).map((file) => [file, stampOf(file)]));
    } catch (error) {
      return String(error);
    }
  };
  let seen = stamp(first);
  let applied = seen;
  let reported: string | undefined;

  const refuse = (problems: readonly ConfigProblem[]): void => {
    const texts = problems.map(describeConfigProblem);
    if (reported !== texts.join('\n')) onProblem(texts);
    reported = texts.join('\n');
  };

  const reread = (found: string): void => {
    const live = rereadRegistries(path);
    if (!live.ok) {
      refuse(live.error);
      return;
    }
    reported = undefined;
    const former = current;
    current = live.value;
    seen = stamp(current);
    // Files that changed meanwhile, or that are watched from now on, are read once more.
    applied = seen === found ? found : '';
    if (JSON.stringify(current) !== JSON.stringify(former)) onChange(current);
  };

  return {
    look: () => {
      const found = stamp(current);
      const settled = found === seen;
      seen = found;
      // A file that was missing may have come without any other one changing, so a failure is tried again.
      if (settled && (found !== applied || reported !== undefined)) reread(found);
    },
  };
};
