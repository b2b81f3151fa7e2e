import { known } from '../../../src/core/facts/fact.ts';
import type { AdvisoryEntry } from '../../../src/core/vulnerability/advisory.ts';
import type { Advisories } from '../../../src/evidence/ports.ts';

/** The package `bad` has a hole in every version. */
const hole: AdvisoryEntry = {
  affected: {
    ecosystem: 'npm',
    name: 'bad',
    ranges: [[{ kind: 'introduced', version: '0' }]],
    versions: [],
    ratings: [],
  },
  advisory: { id: 'CVE-2026-1', aliases: [], upstream: [], ratings: [{ by: 'advisory', level: 'critical' }] },
};
const set = {
  generation: 'g1',
  revision: 'r1',
  feeds: [{ feed: 'osv', ecosystem: 'npm', asOf: new Date().toISOString() }],
  speaksOf: () => true,
  lookup: (ecosystem: string, name: string) => (ecosystem === 'npm' && name === 'bad' ? [hole] : []),
};

/** Advisories about npm, by which the package `bad` is vulnerable and no other. */
export const plantedHole: Advisories = {
  inForce: () => Promise.resolve(known(set)),
  isInForce: (revision) => revision === set.revision,
};
