import type { Digest } from './digest.ts';

/** An image of which the bytes are settled: what evidence is about, what a signature signs and a scanner scans. */
export interface PinnedImage {
  /** As a reference names it: `docker.io`, `registry.example.com:5000`. */
  readonly host: string;
  readonly repository: string;
  readonly digest: Digest;
}
