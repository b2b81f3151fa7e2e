/** What it costs to list the packages of an image made of real parts, beside Syft where `npm run oracles` built it. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { imagegateProgram } from '../e2e/harness/imagegate.ts';
import { scannerPath, scannerVersion } from '../e2e/harness/install-scanners.ts';
import { installSystemImage } from '../e2e/harness/system-image.ts';
import { syftCommand, syftEnvironment } from '../oracles/packages/syft.ts';
import type { BenchPlan } from './bench-plan.ts';
import { median, print } from './processes.ts';

/** `times` of the shell writes the minutes and seconds of its children, of the program and of the system. */
const childTimes = /(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$/;

/** CPU time of a command, in milliseconds. Both commands end with other codes than 0 when they find something. */
const processTime = (command: readonly string[], env: Readonly<Record<string, string>> = {}): number => {
  const said = execFileSync('bash', ['-c', '"$@" >/dev/null 2>&1; times', 'bash', ...command], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  const [, ...parts] = childTimes.exec(said) ?? [];
  const [minutes = NaN, seconds = NaN, systemMinutes = NaN, systemSeconds = NaN] = parts.map(Number);
  return ((minutes + systemMinutes) * 60 + seconds + systemSeconds) * 1000;
};

export const measureBesideSyft = ({ work, rounds }: BenchPlan): void => {
  const syft = scannerPath('syft');
  if (!existsSync(syft)) {
    process.stderr.write(
      'Syft: not measured, it is not built; `npm run oracles -- --only packages` builds it\n',
    );
    return;
  }
  const layout = installSystemImage().layouts.gzip;
  const ours: number[] = [];
  const others: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // What a round before has stored is not looked into again.
    const data = join(work, `catalog-data-${String(round)}`);
    ours.push(
      processTime([
        process.execPath,
        imagegateProgram,
        'scan',
        `oci:${layout}`,
        '--data',
        data,
        '-o',
        'json',
      ]),
    );
    others.push(processTime([syft, ...syftCommand(layout)], syftEnvironment));
  }
  print({
    name: 'packages of an image listed from its layout, CPU time of the command',
    value: median(ours),
    unit: 'ms',
    reference: { name: `Syft ${scannerVersion('syft')}`, value: median(others) },
    ratio: median(ours) / median(others),
    budget: 'ratio <= 0.5',
  });
};
