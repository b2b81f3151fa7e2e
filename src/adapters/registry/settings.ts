/** PEM, the certificate of the key first. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

/** How one registry is reached. Hosts without a row get {@link defaultSettings}. */
export interface RegistrySettings {
  /** As references name it: lower case, with the port if it is written there. */
  readonly host: string;
  /** The host has a row in the configuration. Otherwise it comes from an image name or from a registry. */
  readonly configured?: boolean;
  readonly plainHttp: boolean;
  /** Allows loopback, RFC 1918, ULA, `.svc` and `.local` for this host and no other. */
  readonly allowPrivateAddress: boolean;
  /** PEM; trusted for this host in addition to the well-known authorities. */
  readonly ca?: string;
  /** PEM; trusted for a proxy that is reached over TLS. */
  readonly proxyCa?: string;
  /** Shown to this host when it asks for a client certificate. PEM; the key is a secret. */
  readonly client?: ClientCertificate;
  /** Hosts that are asked first, in this order; each is reached by its own row. */
  readonly mirrors: readonly string[];
  /** Hosts of token servers that may see credentials for this registry, besides the host itself. */
  readonly tokenRealms: readonly string[];
  /** Concurrent requests. One namespace may have half of them, and always gets a quarter (R26). */
  readonly concurrency: number;
  /** Milliseconds for one request, including its wait for a place. */
  readonly timeout: number;
}

export const defaultSettings = (host: string): RegistrySettings => ({
  host,
  plainHttp: false,
  allowPrivateAddress: false,
  mirrors: [],
  tokenRealms: [],
  concurrency: 16,
  timeout: 10_000,
});
