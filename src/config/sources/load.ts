import { hostname } from 'node:os';
import process from 'node:process';
import { fail, ok, type Result } from '../../core/result.ts';
import { readTextFile } from '../../files/text-file.ts';
import { maxConfigFileBytes, type ConfigText } from './config-file.ts';
import { configVariable, type Environment } from './environment.ts';
import { quote } from '../../core/text/cut-middle.ts';
import type { ConfigProblem, Origin } from './origin.ts';
import type { ConfigSources, Flags } from '../resolve.ts';

/** The environment of this process. Nothing else reads `process.env`. */
export const readEnvironment = (): Environment => ({ ...process.env });

/** The host name as the name of a replica: characters that a name may not hold become `-`. */
export const replicaFromHost = (host: string = hostname()): string =>
  host
    .replaceAll(/[^-.A-Za-z\d]/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
    .slice(0, 63) || 'gate';

const readConfigFile = (path: string, origin: Origin): Result<ConfigText, readonly ConfigProblem[]> => {
  const text = readTextFile(path, { bytes: maxConfigFileBytes });
  return text.ok
    ? ok({ path, text: text.value })
    : fail([{ origin, message: `cannot read ${quote(path)}: ${text.error}` }]);
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
  const variable = environment[configVariable];
  const origin: Origin =
    typeof flag === 'string'
      ? { kind: 'flag', flag: '--config' }
      : { kind: 'environment', variable: configVariable };
  const path = typeof flag === 'string' ? flag : variable;
  if (path === undefined || (path === '' && typeof flag !== 'string'))
    return ok({ flags: others, environment });
  const file = readConfigFile(path, origin);
  return file.ok ? ok({ flags: others, environment, file: file.value }) : file;
};
