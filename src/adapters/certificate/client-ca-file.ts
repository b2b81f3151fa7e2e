import { readFile, stat } from 'node:fs/promises';
import { oneAtATime } from '../../concurrency/single-flight.ts';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import { fileVersion } from '../../files/regular-file.ts';

/** Milliseconds between checks of the file of `--client-ca`. */
const lookEvery = 2_000;

/** Changes whenever the file does; a mounted ConfigMap changes by a link to another file. */
const stampOf = async (file: string): Promise<string> => {
  try {
    return fileVersion(await stat(file, { bigint: true }));
  } catch (error) {
    return messageOf(error);
  }
};

const readCa = async (file: string, check: CheckCa): Promise<Result<string, string>> => {
  try {
    const text = await readFile(file, 'utf8');
    const certificates = check(text);
    return certificates.ok ? ok(text) : fail(`${file} ${certificates.error}`);
  } catch (error) {
    return fail(`${file} cannot be read: ${messageOf(error)}`);
  }
};

/** The test of the server for the text: every certificate in it can be read. */
type CheckCa = (pem: string) => Result<unknown, string>;

interface CaLog {
  info(message: string, fields: object): void;
  error(message: string, fields: object): void;
}

/** A file with a client CA as it was read, and when that was. */
interface ClientCaFile {
  readonly file: string;
  readonly ca: string;
  readonly stamp: string;
  readonly check: CheckCa;
}

/** Reads the file of `--client-ca`; a gate that should know its callers and cannot does not start. */
export const readClientCaFile = async (
  file: string,
  check: CheckCa,
): Promise<Result<ClientCaFile, readonly string[]>> => {
  // Before the text: what changes in between is found by the next look.
  const stamp = await stampOf(file);
  const ca = await readCa(file, check);
  return ca.ok ? ok({ file, ca: ca.value, stamp, check }) : fail([`--client-ca ${ca.error}`]);
};

/**
 * Follows the file of `--client-ca`. A change counts when two checks found the same file, since it may be half
 * written at the first. When a file cannot be used, this is reported once and the former CA stays: a broken file
 * never opens the gate.
 * @returns a function that ends the checks
 */
export const followClientCa = (
  first: ClientCaFile,
  swap: (ca: string) => Result<void, string>,
  log: CaLog,
  every = lookEvery,
): (() => void) => {
  let { stamp, ca } = first;
  let candidate = stamp;
  let reported: string | undefined;
  const apply = async (): Promise<Result<void, string>> => {
    const read = await readCa(first.file, first.check);
    if (!read.ok || read.value === ca) return read.ok ? ok(undefined) : read;
    const swapped = swap(read.value);
    if (!swapped.ok) return swapped;
    ca = read.value;
    log.info('client CA replaced', { file: first.file });
    return swapped;
  };
  const look = async (): Promise<void> => {
    const found = await stampOf(first.file);
    const settled = found === candidate;
    candidate = found;
    if (!settled) return;
    const applied = found === stamp ? ok(undefined) : await apply();
    if (applied.ok) stamp = found;
    else if (applied.error !== reported) {
      log.error('the file of --client-ca cannot be used; the CA before it stays', { problem: applied.error });
    }
    reported = applied.ok ? undefined : applied.error;
  };
  const check = oneAtATime(look);
  const timer = setInterval(() => void check(), every).unref();
  return () => clearInterval(timer);
};
