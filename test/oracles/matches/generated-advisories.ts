import { schemeOf } from '../../../src/core/vulnerability/ecosystem.ts';
import { createRandom, pick } from '../random.ts';
import type { AskedPackage } from './asked-package.ts';
import { boundaryVersions } from './boundary-versions.ts';

type Event = Readonly<Record<string, string>>;
type Range = { readonly type: string; readonly events: readonly Event[] };
interface Entry {
  readonly ranges?: readonly Range[];
  readonly versions?: readonly string[];
}
/** A record of OSV. */
export interface GeneratedRecord {
  readonly id: string;
  readonly withdrawn?: string;
  readonly affected: readonly object[];
}

const start: Event = { introduced: '0' };
const range = (...events: readonly Event[]): Range => ({ type: 'ECOSYSTEM', events });
const git: Range = { type: 'GIT', events: [start, { fixed: 'a'.repeat(40) }] };

/** What a record says of a package: one of each for every package. `low`, `mid` and `high` stand around its version, in their order. */
type Form = (low: string, mid: string, high: string) => Entry;
const forms: readonly Form[] = [
  (low) => ({ ranges: [range(start, { fixed: low })] }),
  (_low, mid) => ({ ranges: [range(start, { fixed: mid })] }),
  (_low, _mid, high) => ({ ranges: [range(start, { fixed: high })] }),
  (_low, mid) => ({ ranges: [range(start, { last_affected: mid })] }),
  (low) => ({ ranges: [range(start, { last_affected: low })] }),
  (low, _mid, high) => ({ ranges: [range({ introduced: low }, { fixed: high })] }),
  (_low, _mid, high) => ({ ranges: [range({ introduced: high })] }),
  (low, mid, high) => ({ ranges: [range(start, { fixed: low }, { introduced: mid }, { fixed: high })] }),
  (low, mid, high) => ({ ranges: [range({ introduced: mid }, { fixed: high }, start, { fixed: low })] }),
  (low, mid, high) => ({
    ranges: [range(start, { fixed: low }), range({ introduced: mid }, { fixed: high })],
  }),
  () => ({ ranges: [range(start)] }),
  () => ({ ranges: [range(start, { fixed: '0' })] }),
  (_low, _mid, high) => ({ ranges: [range(start, { limit: high })] }),
  (_low, mid) => ({ versions: [mid] }),
  (low, mid, high) => ({ versions: [mid], ranges: [range({ introduced: low }, { fixed: high })] }),
  (_low, _mid, high) => ({ ranges: [git, range(start, { fixed: high })] }),
  (_low, _mid, high) => ({ ranges: [range(start, { fixed: high }), git] }),
  () => ({ ranges: [git] }),
  (_low, mid) => ({ ranges: [range({ fixed: mid })] }),
];

/** Another release than that of the package; the languages have none. */
const elsewhere = (ecosystem: string): string =>
  ({ 'Debian:12': 'Debian:11', 'Alpine:v3.20': 'Alpine:v3.19' })[ecosystem] ?? ecosystem;

/** Records around each package, and the packages that are asked: as they are, and on and around each version of a record. */
export const generateAdvisories = (seed: number, packages: readonly AskedPackage[]) => {
  const next = createRandom(seed);
  const records: GeneratedRecord[] = [];
  const asked: AskedPackage[] = [];
  const idOf = (): string => `TEST-2026-${String(records.length + 1).padStart(5, '0')}`;
  for (const found of packages) {
    const { ecosystem, version } = found;
    const scheme = schemeOf(ecosystem)!;
    const name = found.source ?? found.name;
    const around = boundaryVersions(scheme, version);
    const [low = version, mid = version, high = version] = around;
    const add = (entry: Entry, place = ecosystem, more: object = {}): void => {
      const affected = [{ package: { ecosystem: place, name }, ...entry }];
      records.push({ id: idOf(), affected, ...more });
    };
    for (const form of forms) add(form(low, mid, high));
    const form = pick(next, forms);
    add(form(low, mid, high), ecosystem, { withdrawn: '2026-01-01T00:00:00Z' });
    add(form(low, mid, high), elsewhere(ecosystem));
    // Of a distribution what no release says is said of each.
    add(form(low, mid, high), ecosystem.split(':')[0]);
    // Versions further off, of which one stands in a range of its own.
    const far = boundaryVersions(scheme, pick(next, around)).filter((one) => !around.includes(one));
    for (const one of far) add({ ranges: [range({ introduced: low }, { fixed: one })] });
    for (const one of [...around, ...far]) asked.push({ ...found, version: one });
  }
  return { records, asked };
};
