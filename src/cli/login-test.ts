import { endpointHost } from '../adapters/registry/network/endpoint.ts';
import { createProxies } from '../adapters/registry/network/proxy.ts';
import { known } from '../core/facts/fact.ts';
import { shown, shownName } from '../core/text/shown-text.ts';
import { formatReference, type ImageReference } from '../core/image/reference.ts';
import type { Credential, CredentialKind, RegistryAnswer, RegistryFailure } from '../evidence/ports.ts';
import { createReadBudget } from '../evidence/resolve/read-budget.ts';
import type { RegistryAccess } from '../serve/registry-access.ts';
import { proxyOf } from '../serve/evidence.ts';
import { exitCode, type ExitCode } from './terminal/exit-code.ts';
import type { RegistryConfig } from './setting-flags.ts';
import type { PullSecretInput } from './pull-secret-input.ts';
import { openLoginAccess } from './registry-access.ts';

/**
 * The result of one credential. `works`: the registry accepted it; `denied`: it did not; `failed`: the registry could
 * not be asked; `missing`: there is no credential; `not-tried`: the host had failed before.
 */
type LoginOutcome = 'works' | 'denied' | 'failed' | 'missing' | 'not-tried';

export interface LoginAttempt {
  /** `docker config /home/ann/.docker/config.json`, `anonymous`: never a secret. */
  readonly credential: string;
  readonly kind: CredentialKind;
  readonly outcome: LoginOutcome;
  readonly why?: string;
  /** What to do about it, where that is known. */
  readonly fix?: string;
  /** The token server that the registry names. */
  readonly realm?: string;
  /** Milliseconds. */
  readonly took?: number;
}

export interface LoginReport {
  readonly host: string;
  /** The image that was asked for; absent when only the registry was. */
  readonly image?: string;
  readonly address: string;
  /** Without user and password. */
  readonly proxy?: string;
  /** Why a proxy is set that cannot be used. */
  readonly proxyProblem?: string;
  readonly plainHttp: boolean;
  readonly allowPrivateAddress: boolean;
  /** Whether a `caFile`, of the row or of `registryDefaults`, adds authorities to the well-known ones. */
  readonly ownAuthority: boolean;
  /** Whether the row has a client certificate for hosts that ask for one. */
  readonly clientCertificate: boolean;
  readonly attempts: readonly LoginAttempt[];
}

/** The target: a host, and one image of it when a repository was named. */
export interface LoginTarget {
  /** `HOST/REPOSITORY[:TAG|@DIGEST]`; the repository means nothing without `asksForImage`. */
  readonly reference: ImageReference;
  readonly asksForImage: boolean;
  /** Tried alone. */
  readonly pullSecret?: PullSecretInput;
}

/** For everything together, in milliseconds: helpers may ask a person to unlock something. */
const patience = 60_000;
const maxBytes = 16 * 2 ** 20;

type Asked = RegistryAnswer<{ readonly realm?: string; readonly remark?: string }>;

/** Bytes came, so that the login was taken, whatever is the matter with them. */
const isLetIn = ({ stage, kind, unreadable }: RegistryFailure): boolean =>
  unreadable === true || (stage === 'manifest' && kind === 'limit');

/**
 * Asks as a check and the gate do: for the manifest, with the scope of its repository; without a repository for the
 * API only. Mirrors are left out: they are asked anonymously, so an answer of theirs says nothing about a login.
 */
const ask = async (
  { registry }: RegistryAccess,
  { reference, asksForImage }: LoginTarget,
  credential: Credential,
  signal: AbortSignal,
): Promise<Asked> => {
  const { host, repository, tag = 'latest', digest } = reference;
  const reading = createReadBudget(signal, maxBytes);
  const pinged = await registry.ping(host, credential, reading);
  // A token server may hand out nothing but tokens for one repository, so the image decides where one was named.
  if (!asksForImage || (pinged.state === 'unavailable' && pinged.why.kind !== 'denied')) return pinged;
  const name = digest === undefined ? { tag } : { digest };
  const found = await registry.manifest({ host, repository }, name, credential, reading);
  const realm = pinged.state === 'known' ? pinged.value : {};
  if (found.state === 'known') return known(realm);
  if (found.state === 'absent') {
    return known({ ...realm, remark: 'it answers that it has no such image' });
  }
  return isLetIn(found.why) ? known({ ...realm, remark: found.why.why }) : found;
};

const attemptOf = (asked: Asked, took: number): Omit<LoginAttempt, 'credential' | 'kind'> => {
  const spent = { took: Math.round(took) };
  switch (asked.state) {
    case 'known': {
      const { realm, remark } = asked.value;
      return {
        outcome: 'works',
        ...(remark === undefined ? {} : { why: remark }),
        ...(realm === undefined ? {} : { realm: shown(realm) }),
        ...spent,
      };
    }
    case 'absent':
      return { outcome: 'failed', why: 'what answers there is no registry', ...spent };
    case 'unavailable': {
      const { kind, why, host, stage, remedy } = asked.why;
      return {
        outcome: kind === 'denied' ? 'denied' : 'failed',
        why: shown(`${stage}: ${why}; asked ${shownName(host)}`),
        ...(remedy === undefined ? {} : { fix: remedy }),
        ...spent,
      };
    }
    default:
      return asked satisfies never;
  }
};

/**
 * Whether the failure is about the host, so that no other credential can help: it does not answer, or the gate does
 * not connect to it.
 */
const concernsHost = ({ kind, stage }: RegistryFailure): boolean =>
  kind !== 'denied' && stage !== 'token' && kind !== 'limit';

const tryAll = async (
  access: RegistryAccess,
  target: LoginTarget,
  signal: AbortSignal,
): Promise<readonly LoginAttempt[]> => {
  const { host, repository } = target.reference;
  const attempts: LoginAttempt[] = [];
  let isDown = false;
  const context = target.pullSecret?.context;
  for await (const offered of access.keychain.offers({ host, repository }, context, signal)) {
    if (offered.state === 'missing') {
      const { kind, source, why } = offered;
      attempts.push({ credential: shown(source), kind, outcome: 'missing', why: shown(why) });
      continue;
    }
    const { kind, source } = offered.credential;
    const about = { credential: shown(source), kind };
    if (isDown) {
      attempts.push({ ...about, outcome: 'not-tried', why: 'the host failed before' });
      continue;
    }
    const began = performance.now();
    const asked = await ask(access, target, offered.credential, signal);
    attempts.push({ ...about, ...attemptOf(asked, performance.now() - began) });
    isDown = asked.state === 'absent' || (asked.state === 'unavailable' && concernsHost(asked.why));
  }
  return attempts;
};

/** The proxy that is used, or the mistake in its setting. */
const proxyTo = (url: URL, config: RegistryConfig): Pick<LoginReport, 'proxy' | 'proxyProblem'> => {
  const found = createProxies(proxyOf(config)).proxyFor(url);
  if (!found.ok) return { proxyProblem: shown(found.error) };
  return found.value === undefined ? {} : { proxy: found.value.url.origin };
};

/** Tries every credential that the commands would try for a registry, or a pull secret, in their order, each to its end. */
export const testLogin = async (config: RegistryConfig, target: LoginTarget): Promise<LoginReport> => {
  const { reference, asksForImage } = target;
  const { host } = reference;
  const access = openLoginAccess(config, target.pullSecret?.secrets);
  try {
    const { plainHttp, allowPrivateAddress, ca, client } = access.settingsOf(host);
    const address = `${plainHttp ? 'http' : 'https'}://${endpointHost(host)}`;
    return {
      host,
      ...(asksForImage ? { image: formatReference(reference) } : {}),
      address,
      ...proxyTo(new URL(address), config),
      plainHttp,
      allowPrivateAddress,
      ownAuthority: ca !== undefined,
      clientCertificate: client !== undefined,
      attempts: await tryAll(access, target, AbortSignal.timeout(patience)),
    };
  } finally {
    await access.close();
  }
};

/**
 * 0: a login works, or there is no login and the registry needs none; 1: no login works; 4: the host could not be
 * asked. Token servers give anonymous tokens too, so a token alone does not prove that a login was accepted.
 */
export const loginExitCode = ({ attempts }: LoginReport): ExitCode => {
  const logins = attempts.filter(({ kind }) => kind !== 'anonymous');
  const counted = logins.length > 0 ? logins : attempts;
  if (counted.some(({ outcome }) => outcome === 'works')) return exitCode.clean;
  return attempts.some(({ outcome }) => outcome === 'failed') ? exitCode.unreachable : exitCode.findings;
};
