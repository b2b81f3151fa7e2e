/** Which files there are, within how many and how many bytes. */
export interface DiskBook {
  has(path: string): boolean;
  /** It was used just now. */
  touch(path: string): void;
  forget(path: string): void;
  add(path: string, bytes: number): void;
}

/** `remove` is called with what has to go: what was not used for the longest time. */
export const createDiskBook = (
  limits: { readonly bytes: number; readonly files: number },
  remove: (path: string) => void,
): DiskBook => {
  // In the order of use: what was not asked for the longest time stands first.
  const files = new Map<string, number>();
  let total = 0;
  const forget = (path: string): void => {
    total -= files.get(path) ?? 0;
    files.delete(path);
  };
  return {
    has: (path) => files.has(path),
    touch: (path) => {
      const bytes = files.get(path);
      if (bytes === undefined) return;
      files.delete(path);
      files.set(path, bytes);
    },
    forget,
    add: (path, bytes) => {
      forget(path);
      files.set(path, bytes);
      total += bytes;
      for (const oldest of files.keys()) {
        if (total <= limits.bytes && files.size <= limits.files) return;
        forget(oldest);
        remove(oldest);
      }
    },
  };
};
