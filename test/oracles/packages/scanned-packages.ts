import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Package } from '../../../src/core/vulnerability/package.ts';
import { imagegateProgram } from '../../e2e/harness/imagegate.ts';

/** What `imagegate scan` finds in an OCI layout with one image. */
export const scannedPackages = (layout: string): readonly Package[] => {
  const data = mkdtempSync(join(tmpdir(), 'imagegate-scan-'));
  try {
    const { stdout, stderr, error } = spawnSync(
      process.execPath,
      [imagegateProgram, 'scan', `oci:${layout}`, '--data', data, '-o', 'json'],
      { encoding: 'utf8', maxBuffer: 2 ** 28 },
    );
    if (error) throw error;
    const { items } = JSON.parse(stdout) as {
      readonly items: readonly {
        readonly packages: readonly Package[];
        readonly problems: readonly string[];
      }[];
    };
    const [report] = items;
    if (report === undefined || items.length > 1 || report.problems.length > 0)
      throw new Error(`imagegate scan ${layout}: ${report?.problems.join(', ') ?? stderr}`);
    return report.packages;
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
};
