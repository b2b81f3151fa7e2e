import type { ImageReference } from '../../core/image/reference.ts';

/** The format in which a registry reports a push. */
export type RegistryEventFormat = 'distribution' | 'harbor' | 'cloudevents';

/** A source that may report pushes: a registry, or a service that forwards its events. */
export interface RegistryEventSource {
  /** The name of the source for logs, never text that it sent. */
  readonly name: string;
  readonly format: RegistryEventFormat;
  /**
   * Hosts as references name them (`registry.example.com:5000`). Events about other hosts are ignored: a payload
   * never decides where the gate connects (B26).
   */
  readonly hosts: readonly string[];
  /**
   * Its bearer token, read again when the file changes. `undefined` while there is none: then no request is accepted.
   */
  token(): string | undefined;
}

/** The part of the gate that the endpoint for registry events needs. */
export interface RegistryEvents {
  sources(): readonly RegistryEventSource[];
  /** Adds a pushed image to the prefetch queue; false when it was dropped. Never throws or blocks. */
  pushed(image: ImageReference): boolean;
  /** What speaks for images was pushed to this repository: it is looked for again, and not looked up as an image. */
  attached(image: ImageReference): void;
}
