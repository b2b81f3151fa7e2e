import { mkdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { oneAtATime } from '../../concurrency/single-flight.ts';
import type { Clock } from '../../concurrency/clock.ts';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import {
  defaultCaSchedule,
  keyPath,
  openAuthority,
  renewAuthority,
  type Authority,
  type CaSchedule,
} from './authority-files.ts';
import { moveFile, replaceFile } from '../../files/whole-file.ts';
import { isOpenToOthers, readIfThere } from './files.ts';
import { day, issueLeaf, type KeyedCertificate } from './issue.ts';
import { covers, notAfter, isIssuedBy, pemOf, readCertificates, readKey, startOf } from './read.ts';
import { createHolder, type CertificateSource, type ServingMaterial } from './source.ts';

export interface SelfSignedOptions {
  /** `<data>/tls` */
  readonly dir: string;
  /** DNS names and IP addresses; `localhost` and the loopback addresses are always added. */
  readonly names: readonly string[];
  /** Names for later starts too: so the host of `manifests --url` is in every leaf of `serve` (R15). */
  readonly rememberNames?: readonly string[];
  readonly clock: Pick<Clock, 'now'>;
  readonly caYears?: number;
  readonly leafDays?: number;
  /** Milliseconds before its end at which a leaf is replaced. */
  readonly renewBefore?: number;
  readonly caSchedule?: CaSchedule;
  /** Milliseconds. */
  readonly checkEvery?: number;
  /** Reports one sentence about a failure or a task for a person. Serving goes on. */
  readonly onProblem: (problem: string) => void;
}
type Plan = Required<Omit<SelfSignedOptions, 'names' | 'rememberNames' | 'onProblem'>> &
  Pick<SelfSignedOptions, 'names' | 'onProblem'>;

/** The leaf and its key in one file, so that a crash cannot leave one without the other. */
const leafPath = (dir: string): string => join(dir, 'server.pem');
const always = ['localhost', '127.0.0.1', '::1'];

const materialOf = (leaf: KeyedCertificate, authority: Authority, expiresAt: number): ServingMaterial => ({
  ...leaf,
  ca: pemOf(authority.trusted),
  expiresAt,
});

/**
 * Whether a leaf has to be replaced now. A leaf that ends with its CA is not: its successor could not last longer.
 */
const isDue = (expiresAt: number, authority: Authority, plan: Plan): boolean =>
  expiresAt - plan.clock.now() < plan.renewBefore && expiresAt < authority.signerEnds - day;

type FoundLeaf =
  | { readonly state: 'usable'; readonly leaf: KeyedCertificate; readonly expiresAt: number }
  | { readonly state: 'outdated' }
  | { readonly state: 'foreign'; readonly why: string };

/** Judges server.pem: a valid leaf of this CA, a leaf that is due, or a file that the gate did not write. */
const judgeLeaf = (pem: string, authority: Authority, plan: Plan): FoundLeaf => {
  const certificates = readCertificates(pem);
  if (!certificates.ok) return { state: 'foreign', why: certificates.error };
  const key = readKey(pem);
  if (!key.ok) return { state: 'foreign', why: key.error };
  const [certificate] = certificates.value;
  if (certificate === undefined || !certificate.checkPrivateKey(key.value)) {
    return { state: 'foreign', why: 'holds a key that is not the key of its certificate' };
  }
  if (!authority.trusted.some((ca) => isIssuedBy(certificate, ca))) {
    return { state: 'foreign', why: 'was not issued by a CA in ca.crt' };
  }
  const expiresAt = notAfter(certificate);
  const early = startOf(certificate) > plan.clock.now();
  if (early || isDue(expiresAt, authority, plan) || !covers(certificate, plan.names))
    return { state: 'outdated' };
  const keyPem = key.value.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { state: 'usable', leaf: { cert: pemOf([certificate]), key: keyPem }, expiresAt };
};

/** A leaf that cannot be kept on disk still serves: a full disk must not end in an expired certificate (R14). */
const issue = async (authority: Authority, plan: Plan, aside: boolean): Promise<ServingMaterial> => {
  const leaf = await issueLeaf(authority.signer, plan.names, plan.clock, { days: plan.leafDays });
  const path = leafPath(plan.dir);
  try {
    if (aside) await moveFile(path, `${path}.old`);
    await replaceFile(path, leaf.key + leaf.cert, 0o600);
  } catch (error) {
    plan.onProblem(
      `${path} cannot be written, the new certificate is kept in memory only: ${messageOf(error)}`,
    );
  }
  return materialOf(leaf, authority, leaf.expiresAt);
};

const loadOrIssue = async (authority: Authority, plan: Plan): Promise<ServingMaterial> => {
  const path = leafPath(plan.dir);
  const pem = await readIfThere(path);
  if (pem === undefined) return issue(authority, plan, false);
  const found = judgeLeaf(pem, authority, plan);
  if (found.state === 'usable') return materialOf(found.leaf, authority, found.expiresAt);
  if (found.state === 'outdated') return issue(authority, plan, false);
  plan.onProblem(`${path} ${found.why}; it was moved to ${path}.old and a new one was made`);
  return issue(authority, plan, true);
};

/** Takes the step of the CA rotation that is due, and reports what a person has to do. */
const advanceCa = async (authority: Authority, plan: Plan): Promise<Authority> => {
  const { dir, clock, caSchedule: schedule, caYears: years } = plan;
  const step = await renewAuthority(dir, authority, clock, { schedule, years });
  if (step === 'none') return authority;
  if (step === 'announced') {
    plan.onProblem(
      `the CA ends on ${new Date(authority.signerEnds).toISOString()}: its successor was added to ` +
        `${join(dir, 'ca.crt')}; give that file to whoever trusts it (caBundle of the webhook configurations)`,
    );
  }
  const reopened = await openAuthority(dir, clock, years);
  if (!reopened.ok) throw new Error(reopened.error);
  return advanceCa(reopened.value, plan);
};

const warnAboutMode = async (plan: Plan): Promise<void> => {
  const path = keyPath(plan.dir);
  if (await isOpenToOthers(path)) {
    plan.onProblem(
      `other users of this machine may read ${path}: chmod 600 it, and replace the CA if they may have`,
    );
  }
};

const namesPath = (dir: string): string => join(dir, 'names');

/** Whether a line is a name that a leaf can hold. A broken line must not end the gate. */
const isName = (text: string): boolean =>
  isIP(text) !== 0 || /^[a-z\d*]([-a-z\d.*]{0,252}[a-z\d])?$/i.test(text);

const rememberedNames = async (dir: string, more: readonly string[]): Promise<readonly string[]> => {
  const text = (await readIfThere(namesPath(dir))) ?? '';
  const known = text.split('\n').filter(isName);
  const all = [...new Set([...known, ...more])];
  if (all.length > known.length) await replaceFile(namesPath(dir), `${all.join('\n')}\n`, 0o644);
  return all;
};

const planOf = (options: SelfSignedOptions, remembered: readonly string[]): Plan => ({
  caYears: 10,
  leafDays: 90,
  renewBefore: 30 * day,
  caSchedule: defaultCaSchedule,
  checkEvery: 10 * 60 * 1000,
  ...options,
  names: [...new Set([...options.names, ...remembered, ...always])],
});

/**
 * Serves certificates of the gate's own CA under `dir`. The CA is made on the first start, loaded on later ones, and
 * renewed by the clock. Each successor is trusted before it is used (R15). Foreign files are an error and never
 * overwritten.
 */
export const selfSignedCertificates = async (
  options: SelfSignedOptions,
): Promise<Result<CertificateSource, string>> => {
  let remembered: readonly string[];
  try {
    await mkdir(options.dir, { recursive: true, mode: 0o700 });
    remembered = await rememberedNames(options.dir, options.rememberNames ?? []);
  } catch (error) {
    return fail(`the certificates in ${options.dir} cannot be read: ${messageOf(error)}`);
  }
  const plan = planOf(options, remembered);
  const opened = await openAuthority(plan.dir, plan.clock, plan.caYears).catch((error: unknown) =>
    fail(`the certificates in ${plan.dir} cannot be read: ${messageOf(error)}`),
  );
  if (!opened.ok) return opened;
  let authority = opened.value;
  let first: ServingMaterial;
  try {
    await warnAboutMode(plan);
    authority = await advanceCa(authority, plan);
    first = await loadOrIssue(authority, plan);
  } catch (error) {
    return fail(`no serving certificate can be made in ${plan.dir}: ${messageOf(error)}`);
  }
  const holder = createHolder(first);
  const renew = async (): Promise<void> => {
    authority = await advanceCa(authority, plan);
    const now = holder.current();
    const ca = pemOf(authority.trusted);
    if (isDue(now.expiresAt, authority, plan)) holder.change(await issue(authority, plan, false));
    else if (ca !== now.ca) holder.change({ ...now, ca });
  };
  // One at a time: two renewals at once would make two successors.
  const check = oneAtATime(() =>
    renew().catch((error: unknown) =>
      plan.onProblem(`the certificates could not be renewed: ${messageOf(error)}`),
    ),
  );
  const timer = setInterval(() => void check(), plan.checkEvery).unref();
  const { current, onChange } = holder;
  return ok({ current, onChange, check, close: () => clearInterval(timer) });
};
