import { Command, CommanderError } from 'commander';
import { holdEventLoop } from '../concurrency/hold-event-loop.ts';
import { version } from '../config/version.ts';
import { suggest } from '../core/policy/load/suggestion.ts';
import { createCompileExpression } from '../serve/compile-expression.ts';
import { commands } from './commands.ts';
import { exitCode } from './terminal/exit-code.ts';
import { processTerminal } from './terminal/process-terminal.ts';
import { UnreachableError, UsageError, type Terminal } from './terminal/terminal.ts';

const describe = `An image gate for Kubernetes: a workload runs only when every image in it is compliant.`;
const examples = `
Examples:
  imagegate serve --policies examples/policies/trusted-registries
  kubectl kustomize . | imagegate check manifest -f - --policies policies/
  imagegate explain registry-not-allowed

Exit codes: 0 clean, 1 findings, 2 usage or policy error, 3 incomplete, 4 target unreachable`;

/** commander's sentences in the form of all others: `imagegate: …; did you mean …?` */
const inOurWords = (text: string): string =>
  text.replace(/^error: /, 'imagegate: ').replace(/\n\(Did you mean (.*)\?\)/, '; did you mean $1?');

const refuseUnknown = (name: string | undefined): void => {
  const names = ['help', ...commands.map((entry) => entry.name)];
  if (name === undefined || names.includes(name)) return;
  const near = suggest(name, names);
  const next = near === undefined ? `the commands are ${names.slice(1).join(', ')}` : `did you mean ${near}?`;
  throw new UsageError([`there is no command ${JSON.stringify(name)}; ${next}`]);
};

/** `help check manifest` is `check manifest --help`. */
const withHelp = (argv: readonly string[]): readonly string[] =>
  argv[0] === 'help' && argv.length > 1 ? [...argv.slice(1), '--help'] : argv;

/** All commands by name. Only the one that runs is loaded. */
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
      outputError: (text, write) => write(inOurWords(text)),
    });
  const wanted = argv.find((word) => !word.startsWith('-'));
  refuseUnknown(wanted);
  for (const entry of commands) {
    if (entry.name === wanted) {
      const command = (await entry.load()).command(terminal, done, commands).summary(entry.summary);
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
export const run = async (given: readonly string[], terminal: Terminal): Promise<number> => {
  const argv = withHelp(given);
  let code: number = exitCode.clean;
  try {
    const program = await createProgram(argv, terminal, (value) => {
      code = value;
    });
    if (argv.length === 0) {
      program.outputHelp({ error: true });
      return exitCode.usage;
    }
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    return failure(error, terminal);
  }
};

const besideBundle = (name: string): URL => new URL(`./${name}.mjs`, import.meta.url);
const parts = {
  workers: {
    store: besideBundle('store-worker'),
    inventory: besideBundle('inventory-worker'),
    verify: besideBundle('verify-worker'),
    advisories: besideBundle('advisories-worker'),
    catalog: besideBundle('catalog-worker'),
    constraints: besideBundle('constraint-worker'),
  },
  compileExpression: createCompileExpression(besideBundle('expressions')),
};
// Lost output is reported when the process is about to end, or even later.
const terminal = processTerminal(parts, () => {
  process.exitCode = exitCode.usage;
});
const code = await holdEventLoop(run(process.argv.slice(2), terminal));
process.exitCode = terminal.hasLost() ? exitCode.usage : code;
