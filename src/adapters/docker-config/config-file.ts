import { stat } from 'node:fs/promises';
import type { Clock } from '../../concurrency/clock.ts';
import { fail, type Result } from '../../core/result.ts';
import {
  dockerConfigLimits,
  readDockerConfig,
  type DockerConfig,
  type DockerConfigForm,
} from '../../evidence/credential/docker-config.ts';
import { fileErrorCode } from '../../files/file-problem.ts';
import { fileVersion, readRegularFile } from '../../files/regular-file.ts';

/** The state of a file now. */
export interface ConfigFileState {
  /** The last content that could be read; absent when there is no such file or it was never readable. */
  readonly config?: DockerConfig;
  /** Why the current file cannot be used. Holds nothing of its text. */
  readonly problem?: string;
}
export interface ConfigFile {
  readonly path: string;
  /** Checks the file at most once a second, and reads it only when it changed. Never rejects. */
  current(): Promise<ConfigFileState>;
}

/** Milliseconds. */
const lookEvery = 1000;

const tooLarge = 'it is larger than 1 MiB';

const parse = (bytes: Buffer, form: DockerConfigForm): Result<DockerConfig, string> => {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return readDockerConfig(text, form);
  } catch {
    return fail('it is no UTF-8 text');
  }
};

interface Reading {
  readonly version: string;
  readonly config: Result<DockerConfig, string>;
}

const readConfig = async (path: string, form: DockerConfigForm): Promise<Reading> => {
  const { version, bytes } = await readRegularFile(path, dockerConfigLimits.bytes);
  if (bytes.ok) return { version, config: parse(bytes.value, form) };
  return { version, config: fail(bytes.error === 'too-large' ? tooLarge : 'it is no file') };
};

/**
 * Follows a docker config. A file that is being written may be broken for a moment. Then the last good content stays
 * in use beside the problem. A file that was removed takes its credentials with it: this is how they are withdrawn.
 */
export const followConfigFile = (
  path: string,
  clock: Clock,
  form: DockerConfigForm = 'dockerconfigjson',
): ConfigFile => {
  let state: ConfigFileState = {};
  let version = '';
  let looked = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  const withProblem = (problem: string): ConfigFileState => ({
    ...(state.config === undefined ? {} : { config: state.config }),
    problem,
  });
  const take = (reading: Reading): void => {
    ({ version } = reading);
    state = reading.config.ok ? { config: reading.config.value } : withProblem(reading.config.error);
  };
  const look = async (): Promise<void> => {
    try {
      if (version !== '' && fileVersion(await stat(path, { bigint: true })) === version) return;
      take(await readConfig(path, form));
    } catch (error) {
      version = '';
      const code = fileErrorCode(error) ?? 'unknown error';
      state = ['ENOENT', 'ENOTDIR'].includes(code) ? {} : withProblem(`it cannot be read (${code})`);
    }
  };

  return {
    path,
    current: async () => {
      if (looking === undefined && clock.monotonic() - looked >= lookEvery) {
        looked = clock.monotonic();
        looking = look().finally(() => {
          looking = undefined;
        });
      }
      await looking;
      return state;
    },
  };
};
