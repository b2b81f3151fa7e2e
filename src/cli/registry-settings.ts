import type { ConfigOf } from '../config/resolve.ts';
import type { SettingKey } from '../config/settings/settings.ts';

/** The settings of `serve` that say how registries are reached; they mean the same to every command. */
export const registrySettings = [
  'registries',
  'registryDefaults',
  'cloudIdentities',
  'httpsProxy',
  'httpProxy',
  'noProxy',
] as const satisfies readonly SettingKey[];

export type RegistryConfig = ConfigOf<(typeof registrySettings)[number]>;
