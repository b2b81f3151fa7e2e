import { setTimeout } from 'node:timers/promises';
import { Command } from 'commander';
import { describeConfigProblems } from '../../config/sources/origin.ts';
import { loadSources } from '../../config/sources/load.ts';
import { printConfig } from '../../config/print.ts';
import { resolveConfig, type Flags } from '../../config/resolve.ts';
import { settingKeys } from '../../config/settings/settings.ts';
import { startGate } from '../../serve.ts';
import type { CommandModule } from '../command-module.ts';
import { exitCode } from '../terminal/exit-code.ts';
import { favourEventLoop } from '../../concurrency/threads/thread-priority.ts';
import { limitHeapGrowth } from '../process/heap-growth.ts';
import { limitYoungGeneration } from '../process/young-generation.ts';
import { addSettingFlags } from '../setting-flags.ts';
import { valueOrUsage, type Terminal } from '../terminal/terminal.ts';

/**
 * Waits for the first signal. Later ones change nothing: npx passes SIGTERM on although the process group had it
 * already, and the second must not turn exit code 0 into something else (R20).
 */
const firstSignal = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });

/**
 * The end takes at least so long, in milliseconds: a process that is being torn down has no handler any more, and a
 * second signal that arrives then would end it as killed (R20).
 */
const secondSignal = 150;

/** Every setting of `serve`, or exit code 2. */
const readConfig = (flags: Flags) => {
  const sources = valueOrUsage(loadSources(flags), describeConfigProblems);
  return { sources, ...valueOrUsage(resolveConfig(sources), describeConfigProblems) };
};

const run = async (flags: Flags, terminal: Terminal): Promise<void> => {
  const { sources, config, remarks } = readConfig(flags);
  limitHeapGrowth();
  limitYoungGeneration();
  const stopped = firstSignal();
  const gate = await Promise.race([
    startGate({
      config,
      configFile: sources.file?.path,
      remarks,
      workers: terminal.workers,
      compileExpression: terminal.compileExpression,
    }),
    stopped,
  ]);
  // A start may hang on a file or on an API server that does not answer. No request was accepted yet, and the kernel
  // releases the lock of --data.
  if (gate === undefined) process.exit(exitCode.clean);
  const running = valueOrUsage(gate, (lines) => lines);
  const line = await Promise.race([running.ready, stopped]);
  if (line !== undefined) terminal.out(`${line}\n`);
  // From here on others wait. What a start leaves behind is collected soon: with less of the core 50 MiB of it stayed.
  favourEventLoop();
  await stopped;
  await Promise.all([running.stop(), setTimeout(secondSignal)]);
};

const examples = `
Examples:
  imagegate serve --policies examples/policies/trusted-registries
  imagegate serve --cluster --kubeconfig ~/.kube/config --listen 0.0.0.0:8443
  imagegate serve --policies policies/ --print-config`;

export const command: CommandModule['command'] = (terminal, done) => {
  const serve = new Command('serve')
    .description('Runs the gate: judges admission reviews over HTTPS until it gets SIGTERM.')
    .option('--print-config', 'print the configuration and where each value came from, then end')
    .addHelpText('after', examples);
  return addSettingFlags(serve, settingKeys).action(async ({ printConfig: print, ...flags }: Flags) => {
    if (print === true) {
      terminal.out(printConfig(readConfig(flags).config));
      return;
    }
    await run(flags, terminal);
    done(exitCode.clean);
  });
};
