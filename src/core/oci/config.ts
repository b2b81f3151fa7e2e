import { isJsonObject, type JsonObject, type JsonValue } from '../../core/text/json/json.ts';
import type { Platform } from './platform.ts';
import { shown } from '../../core/text/shown-text.ts';
import { ok, type Result } from '../../core/result.ts';
import type { OciLimits } from './limits.ts';
import { readJsonObject } from '../text/json/json-document.ts';
import { readLabels, type ImageLabels } from './labels.ts';
import { readTime } from './time.ts';
import { fieldNames, foreignSpelling, optionalText } from '../text/json/field-names.ts';
import { invalidBytes, tooMuch, type Unreadable } from '../text/unreadable.ts';

/** The fields of an image config that are read: OCI image-spec, "Image Configuration". */
export interface ImageConfig {
  readonly platform: Platform;
  /** Milliseconds since 1970. */
  readonly created?: number;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly labels: ImageLabels;
}

const configFields = fieldNames('created', 'architecture', 'os', 'variant', 'config');
const runFields = fieldNames('User', 'Entrypoint', 'Labels');

const readEntrypoint = (
  value: JsonValue | undefined,
  limits: OciLimits,
): Result<readonly string[], Unreadable> => {
  if (value === undefined || value === null) return ok([]);
  if (!Array.isArray(value) || !value.every((word) => typeof word === 'string')) {
    return invalidBytes('its entrypoint is not a list of texts');
  }
  const length = value.reduce((sum, word) => sum + word.length, 0);
  return length > limits.labelBytes
    ? tooMuch(`its entrypoint is longer than ${limits.labelBytes} characters`)
    : ok(value);
};

const readPlatform = (config: JsonObject): Result<Platform, Unreadable> => {
  const { os, architecture } = config;
  const variant = optionalText(config['variant']);
  const named = typeof os === 'string' && typeof architecture === 'string';
  if (!named || os === '' || architecture === '') return invalidBytes('its config names no platform');
  if (variant === false) return invalidBytes('its config names a variant that is not a text');
  return ok(variant === undefined || variant === '' ? { os, architecture } : { os, architecture, variant });
};

const readRun = (
  value: JsonValue | undefined,
  limits: OciLimits,
): Result<Pick<ImageConfig, 'user' | 'entrypoint' | 'labels'>, Unreadable> => {
  const run = value ?? {};
  if (!isJsonObject(run)) return invalidBytes('its config.config is not an object');
  const stranger = foreignSpelling(run, runFields);
  if (stranger !== undefined) return misspelt(stranger);
  const user = optionalText(run['User']) ?? '';
  if (user === false) return invalidBytes('its user is not a text');
  if (user.length > limits.labelBytes)
    return tooMuch(`its user is longer than ${limits.labelBytes} characters`);
  const entrypoint = readEntrypoint(run['Entrypoint'], limits);
  if (!entrypoint.ok) return entrypoint;
  const labels = readLabels(run['Labels'], 'label', limits);
  return labels.ok ? ok({ user, entrypoint: entrypoint.value, labels: labels.value }) : labels;
};

const misspelt = (name: string): Result<never, Unreadable> =>
  invalidBytes(
    `its config holds ${JSON.stringify(shown(name))}, which runtimes read as another field than we would`,
  );

/** Reads the config of an image, OCI or Docker. */
export const readConfig = (bytes: Uint8Array, limits: OciLimits): Result<ImageConfig, Unreadable> => {
  const object = readJsonObject(bytes);
  if (!object.ok) return object;
  const stranger = foreignSpelling(object.value, configFields);
  if (stranger !== undefined) return misspelt(stranger);
  const platform = readPlatform(object.value);
  if (!platform.ok) return platform;
  const run = readRun(object.value['config'], limits);
  if (!run.ok) return run;
  const created = readTime(object.value['created']);
  return ok({
    platform: platform.value,
    ...(created === undefined ? {} : { created }),
    ...run.value,
  });
};
