import { watch, type FSWatcher } from 'node:fs';

/** Hints that something may have changed. Hints may be lost: polling finds those changes. */
interface DirectoryWatch {
  /** Watches these directories from now on, and no others. */
  follow(directories: readonly string[]): void;
  close(): void;
}

/**
 * `fs.watch` on directories, never on files: an editor's rename, or a ConfigMap's swap of `..data`, replaces the
 * file that a watch would still be looking at.
 */
export const watchDirectories = (hint: () => void): DirectoryWatch => {
  const watchers = new Map<string, FSWatcher>();
  const drop = (directory: string): void => {
    watchers.get(directory)?.close();
    watchers.delete(directory);
  };
  const add = (directory: string): void => {
    try {
      const watcher = watch(directory, { persistent: false }, (event) => {
        // The directory itself was renamed or removed. The next scan watches the directories that exist then.
        if (event === 'rename') drop(directory);
        hint();
      });
      watcher.on('error', () => drop(directory));
      watchers.set(directory, watcher);
    } catch {
      // The directory is gone, or the machine has no watches left. Polling goes on.
    }
  };
  return {
    follow: (directories) => {
      const wanted = new Set(directories);
      for (const directory of watchers.keys()) if (!wanted.has(directory)) drop(directory);
      for (const directory of wanted) if (!watchers.has(directory)) add(directory);
    },
    close: () => {
      for (const directory of watchers.keys()) drop(directory);
    },
  };
};
