import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin } from './install-command.ts';
import { buildGo } from './install-go.ts';

/** Other people's scanners: asked by `npm run oracles`, and Syft by the bench, where it was built before. */
const scanners = {
  'osv-scanner': { package: 'github.com/google/osv-scanner/v2/cmd/osv-scanner', flags: '-s -w' },
  syft: { package: 'github.com/anchore/syft/cmd/syft', flags: '-s -w' },
} as const;
type Scanner = keyof typeof scanners;

const moduleOf = (name: Scanner): string => join(import.meta.dirname, '..', `tools-${name}`);

/** Where the program lies, once it is built. */
export const scannerPath = (name: Scanner): string => join(bin, name, name);

/** Builds it once. @returns where it lies */
export const installScanner = (name: Scanner): string => {
  const { package: path, flags } = scanners[name];
  buildGo({
    name,
    module: moduleOf(name),
    packages: [path],
    programs: [name],
    folder: name,
    linkerFlags: flags,
    remark: 'up to twenty minutes on two busy cores',
  });
  return scannerPath(name);
};

/** As go.mod pins it. */
export const scannerVersion = (name: Scanner): string => {
  const [repository = ''] = scanners[name].package.split('/cmd/');
  const pinned = new RegExp(`^\\s+${repository.replaceAll('.', '\\.')} (v[\\d.]+)`, 'm');
  return readFileSync(join(moduleOf(name), 'go.mod'), 'utf8').match(pinned)![1]!;
};
