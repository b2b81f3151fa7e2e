/** What an entry of a tar makes in a file system. `other`: devices, pipes, and types that nobody has defined. */
export type TarEntryKind = 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';

export interface TarEntry {
  readonly kind: TarEntryKind;
  readonly name: string;
  /** What a link points at. */
  readonly link: string;
  /** Bytes of the file, holes counted. */
  readonly size: number;
  readonly mode: number;
}

/** Who takes the bytes of one file. */
export interface TarBody {
  /** The chunk belongs to the caller: it changes after the call. */
  write(chunk: Uint8Array): void;
  /** So many zeros, which nobody has written down. */
  hole(length: number): void;
  end(): void;
}
