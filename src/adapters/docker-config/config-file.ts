import { constants, type BigIntStats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import type { Clock } from '../../concurrency/clock.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import {
  dockerConfigLimits,
  readDockerConfig,
  type DockerConfig,
  type DockerConfigForm,
} from '../../evidence/credential/docker-config.ts';

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

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';

/** Differs when the file was written or replaced, and when a link (of a mounted Secret) leads elsewhere. */
const markOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(' ');

const tooLarge = 'it is larger than 1 MiB';

/** Never more than the limit, also when the file grows while it is read. */
const readBytes = async (file: FileHandle): Promise<Result<Buffer, string>> => {
  const buffer = Buffer.alloc(dockerConfigLimits.bytes + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) return ok(buffer.subarray(0, length));
    length += bytesRead;
  }
  return fail(tooLarge);
};

const parse = (bytes: Buffer, form: DockerConfigForm): Result<DockerConfig, string> => {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return readDockerConfig(text, form);
  } catch {
    return fail('it is no UTF-8 text');
  }
};

interface Reading {
  readonly mark: string;
  readonly config: Result<DockerConfig, string>;
}

/** Opened without blocking: a pipe without a writer would otherwise hold the caller for good. */
const readFile = async (path: string, form: DockerConfigForm): Promise<Reading> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await file.stat({ bigint: true });
    const mark = markOf(found);
    if (!found.isFile()) return { mark, config: fail('it is no file') };
    if (found.size > BigInt(dockerConfigLimits.bytes)) return { mark, config: fail(tooLarge) };
    const bytes = await readBytes(file);
    return { mark, config: bytes.ok ? parse(bytes.value, form) : bytes };
  } finally {
    await file.close();
  }
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
  let mark = '';
  let looked = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  const withProblem = (problem: string): ConfigFileState => ({
    ...(state.config === undefined ? {} : { config: state.config }),
    problem,
  });
  const take = (reading: Reading): void => {
    ({ mark } = reading);
    state = reading.config.ok ? { config: reading.config.value } : withProblem(reading.config.error);
  };
  const look = async (): Promise<void> => {
    try {
      if (mark !== '' && markOf(await stat(path, { bigint: true })) === mark) return;
      take(await readFile(path, form));
    } catch (error) {
      mark = '';
      const code = codeOf(error);
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
