import type { Clock } from '../../concurrency/clock.ts';
import { known, unavailable, type Fact } from '../../core/facts/fact.ts';
import type { Result } from '../../core/result.ts';
import { isDnsLabel, isDnsSubdomain } from '../../core/text/dns-name.ts';
import type { PullSecrets } from '../ports.ts';
import { readDockerConfig, type DockerConfig } from './docker-config.ts';
import { createSharedFacts } from './shared-facts.ts';

/** Pull secrets and service accounts of namespaces, read once for all reviews of a burst. */
export interface NamespaceSecrets {
  /** A secret that was read and is no docker config is `known` too, as broken. */
  config(namespace: string, name: string, signal: AbortSignal): Promise<Fact<Result<DockerConfig, string>>>;
  accountSecrets(namespace: string, name: string, signal: AbortSignal): Promise<Fact<readonly string[]>>;
}

interface Pulled {
  readonly config: Result<DockerConfig, string>;
  readonly bytes: number;
}

/** Milliseconds. A rotated secret is seen after this time. A missing secret may be created at any moment. */
const keptFor = { known: 5000, absent: 1000, unavailable: 0 } as const;
const limits = { entries: 512, weight: 8 * 2 ** 20, lookups: 64, timeout: 10_000 } as const;
const keepFor = (fact: Fact<unknown>): number => keptFor[fact.state];

/**
 * Puts a cache of seconds in front of `PullSecrets`. Answers are kept under namespace and name, both checked before they
 * become a key or a path: a name such as `../../kube-system/secrets/x` reaches no other namespace (B29).
 */
export const createNamespaceSecrets = (source: PullSecrets, clock: Clock): NamespaceSecrets => {
  const secrets = createSharedFacts<Pulled>({ clock, limits, keepFor, weigh: ({ bytes }) => bytes });
  const accounts = createSharedFacts<readonly string[]>({
    clock,
    limits,
    keepFor,
    weigh: (names) => names.reduce((sum, name) => sum + name.length, 1),
  });

  const refuse = (namespace: string, name: string, what: string): Fact<never> | undefined => {
    if (!isDnsLabel(namespace)) return unavailable(what, 'it belongs to no namespace');
    if (isDnsSubdomain(name)) return undefined;
    return unavailable(what, 'this is no name; other namespaces are never read');
  };

  return {
    config: async (namespace, name, signal) => {
      const what = 'the pull secret';
      const refused = refuse(namespace, name, what);
      if (refused !== undefined) return refused;
      const look = async (patience: AbortSignal): Promise<Fact<Pulled>> => {
        const read = await source.secret(namespace, name, patience);
        if (read.state !== 'known') return read;
        const { text, type } = read.value;
        return known({ config: readDockerConfig(text, type), bytes: text.length });
      };
      const fact = await secrets.get(`${namespace}/${name}`, what, look, { signal, namespace });
      return fact.state === 'known' ? known(fact.value.config) : fact;
    },
    accountSecrets: async (namespace, name, signal) => {
      const what = 'the service account';
      const refused = refuse(namespace, name, what);
      if (refused !== undefined) return refused;
      const look = (patience: AbortSignal): Promise<Fact<readonly string[]>> =>
        source.serviceAccount(namespace, name, patience);
      return accounts.get(`${namespace}/${name}`, what, look, { signal, namespace });
    },
  };
};
