import type { ImageReference } from '../../core/image/reference.ts';

/** In which words a registry tells of a push. */
export type RegistryEventFormat = 'distribution' | 'harbor' | 'cloudevents';

/** Somebody who may tell of pushes: a registry, or what forwards its events. */
export interface RegistryEventSource {
  /** For logs; never what it sent. */
  readonly name: string;
  readonly format: RegistryEventFormat;
  /**
   * Hosts as references name them (`registry.example.com:5000`). What is told of another host is ignored: a payload
   * never decides where the gate connects (B26).
   */
  readonly hosts: readonly string[];
  /** Its bearer token, read anew when the file changes; `undefined` while there is none: then nobody is let in. */
  token(): string | undefined;
}

/** What the door for registry events needs of the gate. */
export interface RegistryEvents {
  sources(): readonly RegistryEventSource[];
  /** Takes a push into the queue of what is looked at in advance; false when it was dropped. Never throws or blocks. */
  pushed(image: ImageReference): boolean;
}
