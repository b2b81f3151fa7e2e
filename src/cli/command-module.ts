import type { Command } from 'commander';
import type { Terminal } from './terminal/terminal.ts';

/** The exports of a command's file. It is loaded only when the command runs, so that a start stays fast. */
export interface CommandModule {
  /** `commands` is the whole list, for the command that completes the others. */
  readonly command: (
    terminal: Terminal,
    done: (code: number) => void,
    commands: readonly CommandEntry[],
  ) => Command;
}

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}
