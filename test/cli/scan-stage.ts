import { beforeAll } from 'vitest';
import type { ScanReport } from '../../src/core/vulnerability/report/scan-report.ts';
import { criticalVector, osvRecord, osvZip } from '../fakes/advisories.ts';
import {
  debian,
  dpkgStatus,
  file,
  npmPackage,
  type LayoutFiles,
  type LayoutLayer,
} from '../fakes/image-layout.ts';
import { folderWith, imagegate, type Ended } from './imagegate.ts';
import { stageRegistry, type RegistryStage } from './registry-stage.ts';

const today = (): string => new Date().toISOString().slice(0, 10);

/** Puts what feeds say in force below a folder. */
export const importFeeds = async (
  files: Readonly<Record<string, Buffer>>,
  data: string,
  asOf: string = today(),
): Promise<void> => {
  const ended = await imagegate(['advisories', 'import', folderWith(files), '--as-of', asOf, '--data', data]);
  if (ended.code !== 0) throw new Error(ended.stderr);
};

export const reportsOf = ({ stdout, stderr }: Ended): readonly ScanReport[] => {
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as { readonly items: readonly ScanReport[] }).items;
};

type Scan = (target: string, ...more: readonly string[]) => Promise<Ended>;

export const old = 'pkg:pypi/jinja2@2.10';
export const fixed = 'pkg:pypi/jinja2@3.1.4';
export const jinja = osvRecord('GHSA-aaaa', {
  ecosystem: 'PyPI',
  name: 'jinja2',
  fixed: '3.1.4',
  vector: criticalVector,
  aliases: ['CVE-2026-1000'],
  summary: 'Code runs outside of the sandbox',
});

interface ScanStage {
  /** Known from the first test on. */
  readonly registry: RegistryStage;
  /** Where the advisories are. */
  readonly data: string;
  /** Where the command is called. */
  readonly folder: string;
  readonly scan: Scan;
}

/** A registry, and `scan` with advisories about PyPI beside it. */
export const stageScan = (...records: readonly object[]): ScanStage => {
  const data = folderWith();
  const folder = folderWith();
  let running: RegistryStage | undefined;
  beforeAll(async () => {
    running = await stageRegistry();
    await importFeeds({ 'PyPI/all.zip': osvZip(...records) }, data);
  });
  const stage = (): RegistryStage => {
    if (running === undefined) throw new Error('the registry is started before the first test');
    return running;
  };
  return {
    get registry() {
      return stage();
    },
    data,
    folder,
    scan: (target, ...more) =>
      stage().run(['scan', target, '--data', data, ...stage().config, ...more], { cwd: folder }),
  };
};

/** The second layer removes a package of the first. */
export const good: readonly LayoutLayer[] = [
  { entries: [debian, dpkgStatus('openssl', '3.5.2-1'), npmPackage('left', '1.0.0')] },
  {
    entries: [file('app/node_modules/.wh.left'), npmPackage('right', '1.0.0')],
    pack: 'zstd',
  },
];
export const bad: readonly LayoutLayer[] = [
  { entries: [debian, dpkgStatus('openssl', '3.5.1-1')], pack: 'plain' },
  { entries: [npmPackage('left', '1.0.0')] },
];

/** The file of one of the layers in which packages were found. */
export const layerAt = (files: LayoutFiles, report: ScanReport | undefined, at: number): string => {
  const digests = [...new Set(report?.packages.map(({ layer }) => layer ?? ''))];
  const name = `blobs/sha256/${(digests[at] ?? '').slice('sha256:'.length)}`;
  if (files[name] === undefined) throw new Error(`${name} is no layer`);
  return name;
};

/** `scan` of images on this machine, with advisories about what is in `bad`. */
export const stageLocalScan = (): Scan => {
  const data = folderWith();
  beforeAll(() =>
    importFeeds(
      {
        'npm/all.zip': osvZip(osvRecord('GHSA-left', { ecosystem: 'npm', name: 'left', fixed: '2.0.0' })),
        'Debian/all.zip': osvZip(
          osvRecord('DSA-1', { ecosystem: 'Debian:13', name: 'openssl', fixed: '3.5.2-1', severity: 'HIGH' }),
        ),
      },
      data,
    ),
  );
  return (target, ...more) => imagegate(['scan', target, '--data', data, ...more]);
};
