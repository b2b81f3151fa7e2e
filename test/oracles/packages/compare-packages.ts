import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { scannerVersion } from '../../e2e/harness/install-scanners.ts';
import { withRpmImage } from '../../e2e/harness/rpm-image.ts';
import { installSystemImage } from '../../e2e/harness/system-image.ts';
import { layoutOf } from '../../fakes/image-layout.ts';
import { readListRecording, writeListRecording, type RecordedImage } from '../recording.ts';
import { compareLists, type ComparedLists } from './differences.ts';
import { contentsOf, layersWith, type LayerContent } from './image-content.ts';
import { keysOf, type PackageKey } from './listed-package.ts';
import { scannedPackages } from './scanned-packages.ts';
import { syftPackages } from './syft.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Looked extends RecordedImage {
  readonly ours: readonly PackageKey[];
}

const lookAt = (name: string, layout: string): Looked => ({
  name,
  ours: [...keysOf(scannedPackages(layout))].sort(),
  syft: Object.fromEntries([...syftPackages(layout)].sort(([one], [other]) => (one < other ? -1 : 1))),
  layers: [...contentsOf(layout)],
});

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(2)} %`;

/** Asks Syft and us what is in images made of real parts, and records it. @returns how many packages somebody has to look at */
export const comparePackages = ({ write }: { readonly write: boolean }): number => {
  const images = [
    lookAt('debian', installSystemImage().layouts.gzip),
    withRpmImage((layout) => lookAt('almalinux', layout)),
  ];
  let failures = 0;
  const all = { both: 0, ours: 0, syft: 0 };
  for (const { name, ours, syft } of images) {
    const compared = compareLists(new Set(ours), new Map(Object.entries(syft)));
    failures += compared.unexplained.length;
    for (const line of compared.unexplained) say(`${name}: ${line}`);
    for (const [row, keys] of compared.explained) say(`  ${keys.length} times ${row.rule}: ${row.why}`);
    const theirs = Object.keys(syft).length;
    say(`packages of ${name}: ${ours.length} of ours, ${theirs} of Syft, ${compared.both} of both`);
    all.both += compared.both;
    all.ours += ours.length;
    all.syft += theirs;
  }
  say(
    `packages: ${percent(all.both, all.ours)} of ours, ${percent(all.both, all.syft)} of Syft's; ${failures} unexplained`,
  );
  if (write && failures === 0)
    writeListRecording({
      command: 'npm run oracles -- --only packages',
      program: `syft ${scannerVersion('syft')}`,
      images: images.map(({ name, syft, layers }) => ({ name, syft, layers })),
    });
  return failures;
};

const scannedAgain = (layers: readonly LayerContent[]): ReadonlySet<PackageKey> => {
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-list-'));
  try {
    for (const [name, bytes] of Object.entries(layoutOf(layersWith(layers)))) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), bytes);
    }
    return keysOf(scannedPackages(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** What Syft said when it was recorded, beside what we find today in what the lists were made from. */
export const replayPackages = (): readonly (ComparedLists & { readonly name: string })[] =>
  readListRecording().images.map(({ name, syft, layers }) => ({
    name,
    ...compareLists(scannedAgain(layers), new Map(Object.entries(syft))),
  }));
