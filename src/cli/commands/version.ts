import { Command } from 'commander';
import { version } from '../../config/version.ts';
import type { CommandModule } from '../command-module.ts';

export const command: CommandModule['command'] = (terminal) =>
  new Command('version')
    .description('Prints the version of imagegate and of the Node that runs it.')
    .addHelpText('after', '\nExample:\n  imagegate version')
    .action(() => {
      terminal.out(
        `imagegate ${version} (node ${process.versions.node}, ${process.platform} ${process.arch})\n`,
      );
    });
