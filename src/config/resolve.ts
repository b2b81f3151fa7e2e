import { dirname } from 'node:path';
import { fail, ok, type Result } from '../core/result.ts';
import { readConfigText, type ConfigText, type FileEntries, type FileEntry } from './sources/config-file.ts';
import { problemsOfServe } from './cross-check.ts';
import { readVariable, remarksOn, splitVariable, type Environment } from './sources/environment.ts';
import type { ConfigProblem, Origin } from './sources/origin.ts';
import type { ConfigOf, Resolved } from './resolved.ts';
import { definitions, flagOf, hasFlag, settingKeys, type SettingKey } from './settings/settings.ts';
import type { Shape, TextShape } from './values/shape.ts';

/** Values from the command line by setting key (`tlsCert`), without defaults: those would hide the other origins. */
export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface ConfigSources {
  readonly flags: Flags;
  readonly environment: Environment;
  readonly file?: ConfigText;
}
/** A usable configuration, and remarks for stderr. */
export interface ResolvedConfig<K extends SettingKey = SettingKey> {
  readonly config: ConfigOf<K>;
  readonly remarks: readonly string[];
}

type Attempt = Result<Resolved<unknown>, ConfigProblem>;

const deepFreeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
};

const resolved = (value: Result<unknown, string>, origin: Origin): Attempt =>
  value.ok ? ok({ value: value.value, origin }) : fail({ origin, message: value.error });

const fromFlag = (key: SettingKey, shape: TextShape<unknown>, flags: Flags): Attempt | undefined => {
  const given = flags[key];
  if (given === undefined || !hasFlag(key)) return undefined;
  const texts = Array.isArray(given) ? (given as readonly string[]) : [String(given)];
  const values = shape.commas ? texts.flatMap((text) => text.split(',').map((part) => part.trim())) : texts;
  return resolved(shape.parse(values), { kind: 'flag', flag: flagOf(key) });
};

const fromVariable = (
  key: SettingKey,
  shape: TextShape<unknown>,
  environment: Environment,
): Attempt | undefined => {
  const found = readVariable(key, environment);
  if (found === undefined) return undefined;
  const origin: Origin = { kind: 'environment', variable: found.variable };
  return resolved(shape.parse(splitVariable(found.text, shape.repeatable)), origin);
};

const isScalarValue = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

const textsOf = (value: unknown, repeatable: boolean): Result<readonly string[], string> => {
  if (isScalarValue(value)) return ok([String(value)]);
  if (!repeatable) return fail('expected one value; a list or a map means nothing here');
  return Array.isArray(value) && value.every(isScalarValue)
    ? ok(value.map(String))
    : fail('expected a list of texts');
};

const fromFile = (
  key: SettingKey,
  shape: Shape<unknown>,
  entry: FileEntry | undefined,
  folder: string,
): Attempt | undefined => {
  if (entry === undefined) return undefined;
  if (entry.value === null || entry.value === undefined) {
    return fail({ origin: entry.origin, message: `${key} has no value; give one, or remove the key` });
  }
  if (shape.kind === 'text') {
    const texts = textsOf(entry.value, shape.repeatable);
    const value = texts.ok ? shape.parse(texts.value) : texts;
    return value.ok
      ? resolved(value, entry.origin)
      : fail({ origin: entry.origin, message: `${key}: ${value.error}` });
  }
  const value = shape.parse(entry.value, folder);
  if (value.ok) return ok({ value: value.value, origin: entry.origin });
  const { path, message } = value.error;
  const place = path.map((step) => (typeof step === 'number' ? `[${String(step)}]` : `.${step}`)).join('');
  return fail({ origin: entry.originAt(path), message: `${key}${place}: ${message}` });
};

/** Flag wins over environment, environment over file, file over default. A broken value is refused, never skipped. */
const resolveOne = (key: SettingKey, sources: ConfigSources, file: FileEntries): Attempt => {
  const { shape, fallback } = definitions[key] as unknown as { shape: Shape<unknown>; fallback: unknown };
  const fromText =
    shape.kind === 'text'
      ? (fromFlag(key, shape, sources.flags) ?? fromVariable(key, shape, sources.environment))
      : undefined;
  const folder = dirname(sources.file?.path ?? '');
  return (
    fromText ??
    fromFile(key, shape, file.get(key), folder) ??
    ok({ value: fallback, origin: { kind: 'default' } })
  );
};

/** The settings of a command that uses only some of the table; the rest is neither read nor refused. */
export const resolveSettings = <K extends SettingKey>(
  keys: readonly K[],
  sources: ConfigSources,
): Result<ResolvedConfig<K>, readonly ConfigProblem[]> => {
  const file = sources.file === undefined ? ok<FileEntries>(new Map()) : readConfigText(sources.file);
  if (!file.ok) return file;
  const problems: ConfigProblem[] = [];
  const config: Partial<Record<K, Resolved<unknown>>> = {};
  for (const key of keys) {
    const attempt = resolveOne(key, sources, file.value);
    if (attempt.ok) config[key] = attempt.value;
    else problems.push(attempt.error);
  }
  if (problems.length > 0) return fail(problems);
  return ok({ config: deepFreeze(config) as ConfigOf<K>, remarks: remarksOn(sources.environment) });
};

/**
 * The whole configuration of `serve`: every setting with its origin, or every problem found. Pure; `load.ts`
 * brings the environment and the file.
 */
export const resolveConfig = (sources: ConfigSources): Result<ResolvedConfig, readonly ConfigProblem[]> => {
  const result = resolveSettings(settingKeys, sources);
  if (!result.ok) return result;
  const problems = problemsOfServe(result.value.config);
  return problems.length > 0 ? fail(problems) : result;
};
