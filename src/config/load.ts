import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import process from 'node:process';
import { fail, ok, type Result } from '../core/result.ts';
import type { ConfigText } from './config-file.ts';
import { CONFIG_VARIABLE, type Environment } from './environment.ts';
import { quote, type ConfigProblem, type Origin } from './origin.ts';
import type { ConfigSources, Flags } from './resolve.ts';

/** The environment of this process. Nothing else in the house reads `process.env`. */
export const readEnvironment = (): Environment => ({ ...process.env });

/** The host name as a replica's name: what may not stand in one becomes `-`. */
export const replicaFromHost = (host: string = hostname()): string =>
  host
    .replaceAll(/[^-.A-Za-z\d]/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
    .slice(0, 63) || 'gate';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; check the path',
  EACCES: 'it may not be read; check its permissions',
  EISDIR: 'it is a folder; name a file',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not valid UTF-8; save it as UTF-8',
};

const readConfigFile = (path: string, origin: Origin): Result<ConfigText, readonly ConfigProblem[]> => {
  try {
    return ok({ path, text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)) });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const why = reasons[code] ?? (code === '' ? 'the reason is not known' : code);
    return fail([{ origin, message: `cannot read ${quote(path)}: ${why}` }]);
  }
};

/**
 * Everything that a configuration is made of: the flags given, the environment, and the file that `--config`
 * or IMAGEGATE_CONFIG names.
 */
export const loadSources = (
  flags: Flags,
  environment: Environment = readEnvironment(),
): Result<ConfigSources, readonly ConfigProblem[]> => {
  const { config: flag, ...others } = flags;
  const variable = environment[CONFIG_VARIABLE];
  const origin: Origin =
    typeof flag === 'string'
      ? { kind: 'flag', flag: '--config' }
      : { kind: 'environment', variable: CONFIG_VARIABLE };
  const path = typeof flag === 'string' ? flag : variable;
  if (path === undefined || (path === '' && typeof flag !== 'string'))
    return ok({ flags: others, environment });
  const file = readConfigFile(path, origin);
  return file.ok ? ok({ flags: others, environment, file: file.value }) : file;
};
