import type { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../concurrency/clock.ts';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import { createFile, moveFile, replaceFile } from '../../files/whole-file.ts';
import { readIfThere } from './files.ts';
import { createCa, day, type KeyedCertificate } from './issue.ts';
import { notAfter, pemOf, readCertificates, readKey, startOf } from './read.ts';

/** The CA on disk. */
export interface Authority {
  /** What signs new leaves. */
  readonly signer: KeyedCertificate;
  /** Milliseconds since 1970. */
  readonly signerEnds: number;
  /** Everything that a client should trust: the signing CA, the one before it and the one after it. */
  readonly trusted: readonly X509Certificate[];
  /** When a CA was announced that stands in `trusted` already and takes over later (R15). */
  readonly announcedAt?: number;
}

const privateMode = 0o600;
const publicMode = 0o644;
const bundlePath = (dir: string): string => join(dir, 'ca.crt');
export const keyPath = (dir: string): string => join(dir, 'ca.key');
const nextKeyPath = (dir: string): string => join(dir, 'ca-next.key');

const remedy = (dir: string): string =>
  `put back the files that belong there, or move ${bundlePath(dir)} and ${keyPath(dir)} away to get a new CA ` +
  '(whoever trusts the old one, such as caBundle of the webhook configurations, must then be given the new ca.crt)';

const keyed = (certificate: X509Certificate, key: string): KeyedCertificate => ({
  cert: pemOf([certificate]),
  key,
});

/** The CA in a bundle that has this key. */
const ownerOf = (
  bundle: readonly X509Certificate[],
  keyPem: string,
): Result<X509Certificate | undefined, string> => {
  const key = readKey(keyPem);
  return key.ok ? ok(bundle.find((ca) => ca.checkPrivateKey(key.value))) : key;
};

/**
 * Reads the existing files; `undefined` before the first start. Foreign and broken files are named, never replaced.
 */
const load = async (dir: string): Promise<Result<Authority | undefined, string>> => {
  const wrong = (path: string, why: string) => fail(`${path} ${why}; ${remedy(dir)}`);
  const pem = await readIfThere(bundlePath(dir));
  const key = await readIfThere(keyPath(dir));
  if (pem === undefined) return ok(undefined);
  const bundle = readCertificates(pem);
  if (!bundle.ok) return wrong(bundlePath(dir), bundle.error);
  if (key === undefined) return wrong(keyPath(dir), 'is missing, though there is a ca.crt');
  const signer = ownerOf(bundle.value, key);
  if (!signer.ok) return wrong(keyPath(dir), signer.error);
  if (signer.value === undefined) return wrong(keyPath(dir), 'is not the key of any certificate in ca.crt');
  if (!signer.value.ca) return wrong(bundlePath(dir), 'holds a certificate that is no CA');
  const nextKey = await readIfThere(nextKeyPath(dir));
  const next = nextKey === undefined ? undefined : ownerOf(bundle.value, nextKey);
  return ok({
    signer: keyed(signer.value, key),
    signerEnds: notAfter(signer.value),
    trusted: bundle.value,
    // A next key without a certificate comes from a step that a crash interrupted. The step is taken again.
    ...(next?.ok === true && next.value !== undefined ? { announcedAt: startOf(next.value) } : {}),
  });
};

/** The key first: a crash in between leaves a key from which the certificate is made again. */
const create = async (dir: string, clock: Pick<Clock, 'now'>, years: number): Promise<void> => {
  const made = await createCa(clock, { years });
  if (await createFile(keyPath(dir), made.key, privateMode)) {
    await createFile(bundlePath(dir), made.cert, publicMode);
    return;
  }
  const key = await readIfThere(keyPath(dir));
  const again = await createCa(clock, { years, ...(key === undefined ? {} : { key }) });
  await createFile(bundlePath(dir), again.cert, publicMode);
};

/**
 * Opens the CA of a directory, or makes it. Two processes may do so at once (`serve` and `manifests`): the files
 * of the first stay, the second reads them.
 */
export const openAuthority = async (
  dir: string,
  clock: Pick<Clock, 'now'>,
  years: number,
): Promise<Result<Authority, string>> => {
  const found = await load(dir);
  if (!found.ok) return found;
  if (found.value !== undefined) return ok(found.value);
  try {
    await create(dir, clock, years);
  } catch (error) {
    return fail(`no CA can be made in ${dir}: ${messageOf(error)}; ${remedy(dir)}`);
  }
  const made = await load(dir);
  if (!made.ok) return made;
  return made.value === undefined ? fail(`${bundlePath(dir)} vanished while it was made`) : ok(made.value);
};

/** When a CA is replaced, in milliseconds before its end. */
export interface CaSchedule {
  /** The next CA is put beside it in ca.crt. */
  readonly announce: number;
  /** The next CA signs. */
  readonly takeOver: number;
  /** Shortest time for operators who copied ca.crt to copy it again, when the gate was not running to announce it. */
  readonly overlap: number;
}
export const defaultCaSchedule: CaSchedule = { announce: 365 * day, takeOver: 180 * day, overlap: 7 * day };
/** With this little left the next CA signs even if it was announced just now: the other choice is no service. */
const lastMoment = day;

type CaStep = 'none' | 'announced' | 'taken-over';

/** Takes the step that is due, if one is. Expired CAs leave the bundle; the old signer stays until it expires (R15). */
export const renewAuthority = async (
  dir: string,
  authority: Authority,
  clock: Pick<Clock, 'now'>,
  plan: { readonly schedule: CaSchedule; readonly years: number },
): Promise<CaStep> => {
  const left = authority.signerEnds - clock.now();
  if (left > plan.schedule.announce) return 'none';
  if (authority.announcedAt === undefined) {
    const next = await createCa(clock, { years: plan.years });
    const alive = authority.trusted.filter((ca) => notAfter(ca) > clock.now());
    await replaceFile(nextKeyPath(dir), next.key, privateMode);
    await replaceFile(bundlePath(dir), pemOf(alive) + next.cert, publicMode);
    return 'announced';
  }
  const known = clock.now() - authority.announcedAt >= plan.schedule.overlap;
  if (left > plan.schedule.takeOver || (!known && left > lastMoment)) return 'none';
  await moveFile(nextKeyPath(dir), keyPath(dir));
  return 'taken-over';
};
