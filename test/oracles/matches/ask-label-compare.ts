import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { unpackPythonModule } from '../../e2e/harness/install-debian.ts';
import { purlOf, type AskedPackage } from './asked-package.ts';
import type { MatchedIds } from './osv-scanner.ts';

/** What rpm's own comparison makes of a zip of AlmaLinux: osv-scanner knows no rpm from a list. */
export const askLabelCompare = (zip: string, packages: readonly AskedPackage[]): MatchedIds => {
  const { root, env } = unpackPythonModule({
    package: 'python3-rpm',
    native: 'rpm',
    beside: ['rpm-common'],
  });
  const { status, stdout, stderr, error } = spawnSync(
    '/usr/bin/python3',
    [join(import.meta.dirname, 'label-compare.py'), zip],
    {
      input: packages
        .map(
          ({ ecosystem, name, version, module = '' }) => `${[ecosystem, name, version, module].join('\t')}\n`,
        )
        .join(''),
      encoding: 'utf8',
      env: { ...process.env, ...env, RPM_CONFIGDIR: join(root, 'usr/lib/rpm') },
      maxBuffer: 2 ** 29,
    },
  );
  if (error) throw error;
  if (status !== 0) throw new Error(`label-compare.py ended with ${status}: ${stderr}`);
  const lines = stdout.split('\n');
  return new Map(
    packages.map((asked, at) => [purlOf(asked), new Set(lines[at]!.split(' ').filter((id) => id !== ''))]),
  );
};
