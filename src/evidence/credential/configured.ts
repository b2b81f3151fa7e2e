import type { CredentialSecret, Repository } from '../ports.ts';

/** A configured credential for the repository, or why it cannot be used. */
export type ConfiguredCredential =
  | { readonly state: 'at-hand'; readonly source: string; readonly secret: CredentialSecret }
  | { readonly state: 'missing'; readonly source: string; readonly why: string };

/**
 * Credentials that the operator or the user of the CLI configured: the `dockerConfigFile` of a registry, the user's own
 * docker or podman configuration. Never rejects. `source` and `why` are for people and contain no secret.
 */
export interface ConfiguredCredentials {
  /** The credentials for one repository, best first. Lazy, because a helper program costs time. Ends with `signal`. */
  find(repository: Repository, signal: AbortSignal): AsyncIterable<ConfiguredCredential>;
}

/** Several sources, asked one after the other. */
export const configuredInOrder = (sources: readonly ConfiguredCredentials[]): ConfiguredCredentials => ({
  async *find(repository, signal) {
    for (const source of sources) yield* source.find(repository, signal);
  },
});
