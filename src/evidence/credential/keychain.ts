import type { Clock } from '../../concurrency/clock.ts';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Fact } from '../../core/facts/fact.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { shown, shownName } from '../../core/text/shown-text.ts';
import { maxPullSecrets } from '../../core/workload/pull-context.ts';
import type {
  CredentialOffer,
  CloudIdentity,
  CredentialKind,
  CredentialSecret,
  Keychain,
  PullContext,
  PullSecrets,
  Repository,
} from '../ports.ts';
import { createCloudCredentials, type CloudCredentials } from './cloud-credentials.ts';
import type { ConfiguredCredentials } from './configured.ts';
import { createCredentialKeys } from './credential-key.ts';
import { entriesFor, type DockerConfig, type DockerConfigEntry } from './docker-config.ts';
import { createNamespaceSecrets, type NamespaceSecrets } from './namespace-secrets.ts';

interface KeychainParts {
  /** Absent: there is no cluster, or the gate is not configured to read secrets. */
  readonly pullSecrets?: PullSecrets;
  readonly configured: ConfiguredCredentials;
  /** Asked in this order. */
  readonly cloud: readonly CloudIdentity[];
  readonly clock: Clock;
}

/** Most credentials for one image. Each costs a request, and users who write secrets decide how many there are (B9). */
export const maxCredentials = 16;

/** An offer before it is bound to its host. */
interface Found {
  readonly kind: CredentialKind;
  readonly source: string;
  readonly what: { readonly secret: CredentialSecret } | { readonly why: string };
  readonly aside?: true;
}
interface Question {
  readonly repository: Repository;
  readonly signal: AbortSignal;
}

const missing = (kind: CredentialKind, source: string, why: string): Found => ({
  kind,
  source,
  what: { why },
});

const switchedOff = 'the gate does not read pull secrets; see --pull-secrets of serve and manifests';

/** The credentials of one Secret for a repository, or why there is none. */
const readSecret = (
  fact: Fact<Result<DockerConfig, string>>,
  repository: Repository,
): Result<readonly DockerConfigEntry[], string> => {
  if (fact.state === 'unavailable') return fail(fact.why.why);
  if (fact.state === 'absent') return fail('there is no such Secret with a docker config in the namespace');
  if (!fact.value.ok) return fail(`it cannot be read: ${fact.value.error}`);
  const entries = entriesFor(fact.value.value, repository);
  if (entries.length > 0) return ok(entries);
  const [problem] = fact.value.value.problems;
  const beside = problem === undefined ? '' : `, and ${problem}`;
  return fail(
    `it has no entry for this image${beside}: ${shownName(`${repository.host}/${repository.repository}`)}`,
  );
};

/** Yields where keys with a star are compared: cached secrets need no wait, so 64 images would delay other reviews (R24). */
const inPieces = async (
  fact: Fact<Result<DockerConfig, string>>,
): Promise<Fact<Result<DockerConfig, string>>> => {
  const globs = fact.state === 'known' && fact.value.ok ? fact.value.value.byRepository.globs : 0;
  if (globs > 0) await nextTurn();
  return fact;
};

/** Every entry that fits is offered. Of the broken entries one is reported. */
async function* fromSecret(
  { repository, signal }: Question,
  secrets: NamespaceSecrets,
  place: { readonly namespace: string; readonly name: string },
  { kind, source }: Pick<Found, 'kind' | 'source'>,
): AsyncGenerator<Found> {
  const fact = await inPieces(await secrets.config(place.namespace, place.name, signal));
  const read = readSecret(fact, repository);
  if (!read.ok) {
    yield missing(kind, source, read.error);
    return;
  }
  for (const { secret } of read.value) {
    if (secret.ok) yield { kind, source, what: { secret: secret.value } };
  }
  const broken = read.value.find(({ secret }) => !secret.ok);
  if (broken === undefined || broken.secret.ok) return;
  yield missing(kind, source, `${broken.secret.error} (its entry for ${shownName(broken.key.shown)})`);
}

/** The secrets that the Pod names, then those of its service account, all from the Pod's own namespace (B29). */
async function* fromNamespace(
  question: Question,
  secrets: NamespaceSecrets,
  context: PullContext,
): AsyncGenerator<Found> {
  const { namespace } = context;
  const own = context.pullSecrets.slice(0, maxPullSecrets);
  for (const name of own) {
    const as = { kind: 'pull-secret', source: `pull secret ${shown(`${namespace}/${name}`)}` } as const;
    yield* fromSecret(question, secrets, { namespace, name }, as);
  }
  const account = context.serviceAccount ?? 'default';
  const source = `service account ${shown(`${namespace}/${account}`)}`;
  const fact = await secrets.accountSecrets(namespace, account, question.signal);
  if (fact.state === 'unavailable') yield missing('service-account', source, fact.why.why);
  if (fact.state === 'absent') yield missing('service-account', source, 'there is no such service account');
  if (fact.state !== 'known') return;
  for (const name of fact.value.slice(0, maxPullSecrets)) {
    if (own.includes(name)) continue;
    const as = { kind: 'service-account', source: `${source}, secret ${shown(name)}` } as const;
    yield* fromSecret(question, secrets, { namespace, name }, as);
  }
}

/** Used when the gate may not read secrets: names the credentials that the kubelet has and the gate has not. */
function* unread({ namespace, pullSecrets, serviceAccount }: PullContext): Generator<Found> {
  for (const name of pullSecrets.slice(0, maxPullSecrets)) {
    yield missing('pull-secret', `pull secret ${shown(`${namespace}/${name}`)}`, switchedOff);
  }
  // Every Pod has the account `default`, so its name explains nothing.
  if (serviceAccount === undefined || serviceAccount === 'default') return;
  const source = `service account ${shown(`${namespace}/${serviceAccount}`)}`;
  yield { ...missing('service-account', source, switchedOff), aside: true };
}

async function* fromConfiguration(
  { repository, signal }: Question,
  configured: ConfiguredCredentials,
): AsyncGenerator<Found> {
  for await (const one of configured.find(repository, signal)) {
    yield one.state === 'at-hand'
      ? { kind: 'configured', source: one.source, what: { secret: one.secret } }
      : missing('configured', one.source, one.why);
  }
}

async function* fromCloud(
  { repository: { host }, signal }: Question,
  identities: readonly CloudIdentity[],
  credentials: CloudCredentials,
  namespace: string | undefined,
): AsyncGenerator<Found> {
  for (const identity of identities) {
    if (!identity.covers(host)) continue;
    const source = `cloud identity (${identity.name})`;
    const asking = { signal, ...(namespace !== undefined && { namespace }) };
    const fact = await credentials.get(identity, host, asking);
    if (fact.state === 'known') yield { kind: 'cloud', source, what: { secret: fact.value } };
    else {
      const why = fact.state === 'absent' ? 'this process has no such identity' : fact.why.why;
      yield missing('cloud', source, why);
    }
  }
}

/**
 * Credentials for a repository in the order of the port. Lazy: nothing is read after one that works. A credential
 * is bound to the host that it was asked for (B28). Equal credentials are offered once. After the deadline the last
 * offer says for which source there was no time.
 */
export const createKeychain = ({ pullSecrets, configured, cloud, clock }: KeychainParts): Keychain => {
  const keyOf = createCredentialKeys();
  const credentials = createCloudCredentials(clock);
  const secrets = pullSecrets === undefined ? undefined : createNamespaceSecrets(pullSecrets, clock);

  async function* inOrder(question: Question, context: PullContext | undefined): AsyncGenerator<Found> {
    if (context !== undefined) {
      yield* secrets === undefined ? unread(context) : fromNamespace(question, secrets, context);
    }
    yield* fromConfiguration(question, configured);
    yield* fromCloud(question, cloud, credentials, context?.namespace);
  }

  async function* offers(
    repository: Repository,
    context: PullContext | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<CredentialOffer> {
    const offered = new Set<string>();
    const offer = (kind: CredentialKind, source: string, secret: CredentialSecret): CredentialOffer => {
      const key = keyOf(repository.host, secret);
      offered.add(key);
      return { state: 'at-hand', credential: { kind, source, key, secret } };
    };
    if (signal.aborted) return;
    for await (const { kind, source, what, aside } of inOrder({ repository, signal }, context)) {
      if ('why' in what) yield { state: 'missing', kind, source, why: what.why, ...(aside && { aside }) };
      else if (offered.size >= maxCredentials) {
        const why = `${maxCredentials} credentials were tried already; the rest is left out`;
        yield { state: 'missing', kind, source, why };
        break;
      } else if (!offered.has(keyOf(repository.host, what.secret))) yield offer(kind, source, what.secret);
      if (signal.aborted) return;
    }
    yield offer('anonymous', 'anonymous', { kind: 'none' });
  }
  return { offers };
};
