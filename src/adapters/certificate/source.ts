/** The serving certificate with its key and its end. All PEM. */
export interface ServingMaterial {
  readonly cert: string;
  readonly key: string;
  /** The CAs that a client should trust; absent when the certificate was given from outside. */
  readonly ca?: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

type OnChange = (material: ServingMaterial) => void;

/** Where the serving certificate comes from. It changes while the gate runs; the server swaps it without a restart. */
export interface CertificateSource {
  current(): ServingMaterial;
  /** Calls back after each change. Returns a function that ends it. */
  onChange(listener: OnChange): () => void;
  /** Checks now whether something has to change, as the timer does. Never rejects. */
  check(): Promise<void>;
  close(): void;
}

/** Holds the current material and calls its listeners after a change. */
export const createHolder = (first: ServingMaterial) => {
  let material = first;
  const listeners = new Set<OnChange>();
  return {
    current: (): ServingMaterial => material,
    onChange: (listener: OnChange): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    change: (next: ServingMaterial): void => {
      material = next;
      for (const listener of listeners) listener(next);
    },
  };
};
