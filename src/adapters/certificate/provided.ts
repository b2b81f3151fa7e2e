import { watch, type FSWatcher } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../concurrency/clock.ts';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import { notAfter, readCertificates, readKey } from './read.ts';
import { createHolder, type CertificateSource, type ServingMaterial } from './source.ts';

interface ProvidedOptions {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clock: Pick<Clock, 'now'>;
  /** Milliseconds between checks of the files: watching alone misses changes on some file systems. */
  readonly checkEvery?: number;
  readonly onProblem: (problem: string) => void;
}

const read = async (path: string): Promise<Result<string, string>> => {
  try {
    return ok(await readFile(path, 'utf8'));
  } catch (error) {
    return fail(`${path} cannot be read: ${messageOf(error)}`);
  }
};

/** Reads the pair. An error names the file and the mistake. */
const readPair = async (options: ProvidedOptions): Promise<Result<ServingMaterial, string>> => {
  const { certFile, keyFile } = options;
  const cert = await read(certFile);
  if (!cert.ok) return cert;
  const key = await read(keyFile);
  if (!key.ok) return key;
  const certificates = readCertificates(cert.value);
  if (!certificates.ok) return fail(`${certFile} ${certificates.error}`);
  const privateKey = readKey(key.value);
  if (!privateKey.ok)
    return fail(`${keyFile} ${privateKey.error} (a key with a passphrase is not supported)`);
  const [leaf] = certificates.value;
  if (leaf === undefined || !leaf.checkPrivateKey(privateKey.value)) {
    return fail(`${keyFile} is not the key of the first certificate in ${certFile}`);
  }
  return ok({ cert: cert.value, key: key.value, expiresAt: notAfter(leaf) });
};

/** Calls back soon after an event in the directories of the files; never when watching is not possible. */
const watchDirectories = (files: readonly string[], changed: () => void): (() => void) => {
  const watchers: FSWatcher[] = [];
  let soon: NodeJS.Timeout | undefined;
  const later = (): void => {
    clearTimeout(soon);
    soon = setTimeout(changed, 200).unref();
  };
  for (const directory of new Set(files.map((file) => dirname(file)))) {
    try {
      // The directory, not the file: a mounted Secret changes by a link that is put in its place.
      watchers.push(watch(directory, { persistent: false }, later).on('error', () => {}));
    } catch {
      // Looking at intervals is enough.
    }
  }
  return () => {
    clearTimeout(soon);
    for (const watcher of watchers) watcher.close();
  };
};

/** Serves the certificate of given files and follows their changes; a broken pair is reported, the last good one stays. */
export const providedCertificates = async (
  options: ProvidedOptions,
): Promise<Result<CertificateSource, string>> => {
  const first = await readPair(options);
  if (!first.ok) return first;
  const expired = (material: ServingMaterial): void => {
    if (material.expiresAt > options.clock.now()) return;
    options.onProblem(`the certificate in ${options.certFile} has expired: callers will refuse it; renew it`);
  };
  expired(first.value);
  const holder = createHolder(first.value);
  let problem: string | undefined;
  let reported: string | undefined;
  const check = async (): Promise<void> => {
    const next = await readPair(options);
    if (next.ok) {
      problem = undefined;
      reported = undefined;
      const { cert, key } = holder.current();
      if (next.value.cert === cert && next.value.key === key) return;
      expired(next.value);
      holder.change(next.value);
      return;
    }
    // Two files cannot change at once, so only a mistake that the second check finds too is a problem.
    if (next.error === problem && next.error !== reported) {
      options.onProblem(`${next.error}; the certificate that was read before stays in use`);
      reported = next.error;
    }
    problem = next.error;
  };
  const timer = setInterval(() => void check(), options.checkEvery ?? 10_000).unref();
  const unwatch = watchDirectories([options.certFile, options.keyFile], () => void check());
  const close = (): void => {
    clearInterval(timer);
    unwatch();
  };
  const { current, onChange } = holder;
  return ok({ current, onChange, check, close });
};
