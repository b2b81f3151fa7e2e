import type { Origin } from './sources/origin.ts';
import type { SettingKey, SettingValue } from './settings/settings.ts';

/** A value and where it came from. */
export interface Resolved<T> {
  readonly value: T;
  readonly origin: Origin;
}
/** The settings that a command uses, frozen all the way down. */
export type ConfigOf<K extends SettingKey> = { readonly [Key in K]: Resolved<SettingValue<Key>> };
export type Config = ConfigOf<SettingKey>;
