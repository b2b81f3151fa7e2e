import { Command, CommanderError } from 'commander';
import { version } from '../config/version.ts';
import { commands } from './commands.ts';
import { exitCode } from './exit-code.ts';
import { UnreachableError, UsageError, processTerminal } from './terminal.ts';
import type { Terminal } from './terminal.ts';

const describe = `An image gate for Kubernetes: a workload runs only when every image in it is compliant.`;
const examples = `
Examples:
  imagegate serve --policies examples/policies/trusted-registries
  kubectl kustomize . | imagegate check manifest -f - --policies policies/
  imagegate explain registry-not-allowed

Exit codes: 0 clean, 1 findings, 2 usage or policy error, 3 incomplete, 4 target unreachable`;

/** All commands by name, but only the one that is asked for is loaded. */
const createProgram = async (argv: readonly string[], terminal: Terminal, done: (code: number) => void) => {
  const program = new Command('imagegate')
    .description(describe)
    .version(version, '-V, --version', 'print the version')
    .addHelpText('after', examples)
    .exitOverride()
    .showHelpAfterError('(add --help for the flags and examples)')
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.talk(text.trimEnd()),
    });
  const named = argv.filter((word) => !word.startsWith('-'));
  const wanted = named[0] === 'help' ? named[1] : named[0];
  for (const entry of commands) {
    if (entry.name === wanted) {
      const command = (await entry.load()).command(terminal, done).summary(entry.summary);
      for (const each of [command, ...command.commands]) each.copyInheritedSettings(program);
      program.addCommand(command);
    } else {
      program.addCommand(new Command(entry.name).description(entry.summary));
    }
  }
  return program;
};

const failure = (error: unknown, terminal: Terminal): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.clean : exitCode.usage;
  if (error instanceof UsageError) {
    for (const line of error.lines) terminal.talk(`imagegate: ${line}`);
    return exitCode.usage;
  }
  if (error instanceof UnreachableError) {
    terminal.talk(`imagegate: ${error.message}`);
    return exitCode.unreachable;
  }
  terminal.talk('imagegate: this is a defect of imagegate; please report it with the lines below');
  terminal.talk(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return exitCode.usage;
};

/** Runs one command line and returns its exit code. */
export const run = async (argv: readonly string[], terminal: Terminal): Promise<number> => {
  let code: number = exitCode.clean;
  try {
    const program = await createProgram(argv, terminal, (value) => {
      code = value;
    });
    if (argv.length === 0) {
      program.outputHelp();
      return exitCode.usage;
    }
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    return failure(error, terminal);
  }
};

// A reader that goes away (`imagegate … | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCode.clean);
  throw error;
});
process.exitCode = await run(
  process.argv.slice(2),
  processTerminal(new URL('./store-worker.js', import.meta.url)),
);
