import { spawnSync } from 'node:child_process';

/**
 * Runs a module in a process of its own, whose heap nobody else uses.
 * @returns the number that it prints, which is more than 0
 */
export const printedNumber = (program: string): number => {
  const args = ['--input-type=module', '--eval', program];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const printed = Number(stdout);
  if (!(printed > 0)) throw new Error(stderr);
  return printed;
};
