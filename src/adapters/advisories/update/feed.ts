import type { Result } from '../../../core/result.ts';

/** A feed that is read again and again. */
export interface Feed {
  readonly name: string;
  readonly format: 'osv' | 'kev';
  /** Without a slash at its end; either this or `path`. */
  readonly url?: string;
  readonly path?: string;
  readonly ecosystems?: readonly string[];
}

/** An answer of a feed's server: 200, of which every byte was taken, 304, or 404. */
export type FeedAnswer =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'taken'; readonly validators: FeedValidators }
  | { readonly kind: 'absent'; readonly why: string };

/** By what a server knows whether a file has changed since it was read last. */
export interface FeedValidators {
  readonly etag?: string;
  readonly lastModified?: string;
}

export const validatorsOf = (etag: string | undefined, lastModified: string | undefined): FeedValidators => ({
  ...(etag === undefined ? {} : { etag }),
  ...(lastModified === undefined ? {} : { lastModified }),
});

/** Asks the servers of feeds. Never rejects. */
export interface FeedClient {
  /**
   * @param known what a server may answer 304 to
   * @param take is given the bytes one after the other; a chunk may be used again after it
   * @param maxBytes a longer file is a failure
   * @returns or why there is no answer, for people
   */
  get(
    feed: Feed,
    url: string,
    {
      known,
      take,
      maxBytes,
    }: {
      readonly known: FeedValidators | undefined;
      readonly take: (chunk: Uint8Array) => void;
      readonly maxBytes: number;
    },
    signal: AbortSignal,
  ): Promise<Result<FeedAnswer, string>>;
}
