import type { Clock } from '../../src/concurrency/clock.ts';
import { absent, known, unavailable, type Fact } from '../../src/core/facts/fact.ts';
import type {
  CredentialOffer,
  CloudIdentity,
  CredentialSecret,
  Keychain,
  PullContext,
  PullSecrets,
} from '../../src/evidence/ports.ts';
import type {
  ConfiguredCredential,
  ConfiguredCredentials,
} from '../../src/evidence/credential/configured.ts';
import { createKeychain } from '../../src/evidence/credential/keychain.ts';

/** A clock that stands still until it is told otherwise; it starts where a real one could. */
export const standingClock = (): Clock & { advance(milliseconds: number): void } => {
  let passed = 0;
  return {
    now: () => 1_800_000_000_000 + passed,
    monotonic: () => 5000 + passed,
    advance: (milliseconds) => {
      passed += milliseconds;
    },
  };
};

type SecretFact = Awaited<ReturnType<PullSecrets['secret']>>;

/** Secrets of a cluster in memory, and what was asked for. */
export interface SecretsInMemory extends PullSecrets {
  readonly asked: string[];
  /** `namespace/name` and the registries that it opens. */
  put(place: string, auths: object): void;
  putText(place: string, text: string): void;
  putAccount(place: string, names: readonly string[]): void;
  refuse(why: string | undefined): void;
  /** The next look-ups wait until the returned function is called. */
  hold(): () => void;
}

export const secretsInMemory = (): SecretsInMemory => {
  const texts = new Map<string, string>();
  const accounts = new Map<string, readonly string[]>();
  const asked: string[] = [];
  let refusal: string | undefined;
  let gate: Promise<void> = Promise.resolve();
  const look = async <T>(what: string, find: () => T | undefined): Promise<Fact<T>> => {
    asked.push(what);
    await gate;
    if (refusal !== undefined) return unavailable('secrets', refusal);
    const found = find();
    return found === undefined ? absent : known(found);
  };
  return {
    asked,
    put: (place, auths) => void texts.set(place, JSON.stringify({ auths })),
    putText: (place, text) => void texts.set(place, text),
    putAccount: (place, names) => void accounts.set(place, names),
    refuse: (why) => {
      refusal = why;
    },
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    secret: (namespace, name): Promise<SecretFact> => {
      const place = `${namespace}/${name}`;
      return look(`secret ${place}`, () => {
        const text = texts.get(place);
        return text === undefined ? undefined : { type: 'dockerconfigjson', text };
      });
    },
    serviceAccount: (namespace, name) => {
      const place = `${namespace}/${name}`;
      return look(`account ${place}`, () => accounts.get(place) ?? (name === 'default' ? [] : undefined));
    },
  };
};

/** A cloud that hands out what it is told to, for hosts below `cloud.example.com`. */
export const cloudInMemory = (
  name: string,
): CloudIdentity & {
  calls: number;
  answer: () => Promise<Fact<{ readonly secret: CredentialSecret; readonly expires: number }>>;
} => ({
  name,
  calls: 0,
  answer: () => Promise.resolve(absent),
  covers: (host) => host.endsWith('.cloud.example.com'),
  credential(): Promise<Fact<{ readonly secret: CredentialSecret; readonly expires: number }>> {
    this.calls += 1;
    return this.answer();
  },
});

export const basic = (username: string, password = 's3cret-text'): CredentialSecret => ({
  kind: 'basic',
  username,
  password,
});

/** Everything that a keychain offers, at once. */
export const allOf = async (
  keychain: Keychain,
  name: string,
  context: PullContext | undefined,
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly CredentialOffer[]> => {
  const slash = name.indexOf('/');
  const repository = { host: name.slice(0, slash), repository: name.slice(slash + 1) };
  const found: CredentialOffer[] = [];
  for await (const offered of keychain.offers(repository, context, signal)) found.push(offered);
  return found;
};

/** `pull secret shop/a: ann`, `pull secret shop/b: (why it is missing)`, as people read it. */
export const describeOffers = (credentials: readonly CredentialOffer[]): readonly string[] =>
  credentials.map((offered) => {
    if (offered.state === 'missing') return `${offered.source}: (${offered.why})`;
    const { source, secret } = offered.credential;
    return secret.kind === 'none'
      ? source
      : `${source}: ${'username' in secret ? secret.username : secret.kind}`;
  });

/** A configuration that knows these credentials for every registry. */
export const configuredWith = (
  ...found: readonly ConfiguredCredential[]
): ConfiguredCredentials & { calls: number } => ({
  calls: 0,
  async *find() {
    this.calls += 1;
    yield* found;
  },
});

/** A keychain over a cluster, a configuration and a cloud in memory. */
export const keychainInMemory = <C extends ConfiguredCredentials = ReturnType<typeof configuredWith>>(
  configured: C = configuredWith() as unknown as C,
) => {
  const clock = standingClock();
  const secrets = secretsInMemory();
  const cloud = cloudInMemory('ECR');
  const keychain = createKeychain({ pullSecrets: secrets, configured, cloud: [cloud], clock });
  return { clock, secrets, cloud, keychain, configured };
};

/** An entry of a docker config. */
export const login = (username: string, password = 's3cret-text') => ({ username, password });
