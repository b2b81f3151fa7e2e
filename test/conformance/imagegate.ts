import { spawnSync } from 'node:child_process';
import { command } from '../../src/cli/commands/verify-bundle.ts';
import { exitCode } from '../../src/cli/terminal/exit-code.ts';
import { UsageError, type Terminal } from '../../src/cli/terminal/terminal.ts';
import { anyExpression } from '../fakes/policy-set.ts';
import { noPrograms } from '../fakes/worker-programs.ts';

/** Runs one command line. */
export type Imagegate = (
  argv: readonly string[],
) => Promise<{ readonly code: number; readonly said: string }>;

/** The command of the sources, in this process. */
export const inProcess: Imagegate = async ([, ...argv]) => {
  const said: string[] = [];
  let code: number = exitCode.usage;
  const terminal: Terminal = {
    out: (text) => void said.push(text),
    talk: (line) => void said.push(line),
    interactive: false,
    readStandardInput: () => Promise.resolve(''),
    compileExpression: anyExpression,
    workers: noPrograms,
  };
  try {
    await command(terminal, (value) => (code = value), [])
      .exitOverride()
      .parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    said.push(...error.lines);
  }
  return { code, said: said.join('\n') };
};

/** The built command, a process each. */
export const spawned: Imagegate = (argv) => {
  const bin = new URL('../../bin/imagegate.mjs', import.meta.url).pathname;
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...argv], { encoding: 'utf8' });
  return Promise.resolve({ code: status ?? -1, said: stdout + stderr });
};
