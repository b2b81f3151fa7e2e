import { closeSync, openSync } from 'node:fs';
import { compileOsvZip } from '../../../src/adapters/advisories/osv-zip.ts';
import { lookupIn } from '../../../src/adapters/advisories/name-lookup.ts';
import { openPart } from '../../../src/adapters/advisories/part-reader.ts';
import type { AdvisoryLookup } from '../../../src/core/vulnerability/advisory.ts';
import { matchPackage, type Match } from '../../../src/core/vulnerability/match.ts';
import { readSbom } from '../../../src/core/vulnerability/sbom/read-sbom.ts';
import { bufferSource, fileSource } from '../../../src/files/zip/byte-source.ts';
import { listOf, purlOf, type AskedPackage } from './asked-package.ts';

/** What we make of a zip of OSV, compiled as `imagegate advisories import` compiles it. */
export const compiledLookup = (zip: string, ecosystem: string): AdvisoryLookup => {
  const file = openSync(zip, 'r');
  try {
    const part = compileOsvZip(fileSource(file), ecosystem, new Date());
    if (!part.ok) throw new Error(`${zip}: ${part.error.kind}`);
    const reader = openPart(bufferSource(part.value.index));
    if (!reader.ok) throw new Error(`${zip}: ${reader.error}`);
    return lookupIn([reader.value]);
  } finally {
    closeSync(file);
  }
};

/** Our matches, by the package URL of what was asked: the list is read as `imagegate scan sbom:` reads it. */
export const ourMatches = (
  packages: readonly AskedPackage[],
  lookup: AdvisoryLookup,
): ReadonlyMap<string, readonly Match[]> => {
  const list = readSbom(Buffer.from(listOf(packages)));
  if (!list.ok) throw new Error(list.error.why);
  const read = new Map(list.value.packages.map((found) => [found.purl, found]));
  return new Map(
    packages.map((asked) => {
      const purl = purlOf(asked);
      const found = read.get(purl);
      if (found === undefined) throw new Error(`${purl} is not read`);
      return [purl, matchPackage(found, lookup)];
    }),
  );
};
