import type { VulnerabilitiesCheck } from '../../policy/schema/schema.ts';
import { endOfDay } from '../../policy/schema/vulnerabilities.ts';
import type { Match } from '../../vulnerability/match.ts';
import { packageKeyName, type Package } from '../../vulnerability/package.ts';
import { parsePurl } from '../../vulnerability/purl.ts';
import type { Vulnerability } from '../../vulnerability/vulnerability.ts';

/** A row of `accept`. */
export type AcceptRow = VulnerabilitiesCheck['accept'][number];

/** What a package URL names, and the version that it may say; `undefined`: it cannot be read. */
const namedBy = (
  text: string,
): { readonly parent: string; readonly name: string; readonly version?: string } | undefined => {
  const purl = parsePurl(text);
  if (!purl.ok) return undefined;
  const { type, namespace = '', name, subpath, version } = purl.value;
  // Tools cut the path of a Go module in different places, and each of several modules of one repository is its own.
  if (type === 'golang')
    return {
      parent: type,
      name: [namespace, name, subpath]
        .filter((part) => part)
        .join('/')
        .toLowerCase(),
      ...(version === undefined ? {} : { version }),
    };
  return { parent: `${type}/${namespace}`, name, ...(version === undefined ? {} : { version }) };
};

/** A package whose list gives no package URL is none that could be meant. */
const isPackage = (wanted: string, { ecosystem, name, purl, version, source }: Package): boolean => {
  const asked = namedBy(wanted);
  const found = purl === undefined ? undefined : namedBy(purl);
  if (asked === undefined || found === undefined || asked.parent !== found.parent) return false;
  // Tools may keep an epoch out of the package URL, which is in the version of the package.
  const own = ecosystem === 'Go' ? { ...found, name: packageKeyName(ecosystem, name) } : found;
  const names = [own, { name: own.name, version }, ...(source === undefined ? [] : [source])];
  return names.some(
    (one) => one.name === asked.name && (asked.version === undefined || asked.version === one.version),
  );
};

/** Every id of a vulnerability. */
export const idsOf = ({ id, aliases }: Vulnerability): readonly string[] => [id, ...aliases];

/** Whether a match of a vulnerability does not count now (V17). */
export type IsAccepted = (vulnerability: Vulnerability, match: Match) => boolean;

/** What a policy accepts of one vulnerability now, for people: the rules alone decide. */
export interface Acceptance {
  readonly rows: readonly AcceptRow[];
  /** Whether nothing is left of it that counts. */
  readonly isWhole: boolean;
}

type RowsFor = (vulnerability: Vulnerability, match: Match) => readonly AcceptRow[];

/** The rows that accept a match now. */
const rowsBy = (accept: readonly AcceptRow[]): ((now: number) => RowsFor) => {
  const byId = Map.groupBy(accept, ({ id }) => id);
  return (now) => (vulnerability, match) => {
    if (byId.size === 0) return [];
    return idsOf(vulnerability).flatMap((id) =>
      (byId.get(id) ?? []).filter(
        ({ until, package: wanted }) =>
          now <= (endOfDay(until) ?? 0) && (wanted === undefined || isPackage(wanted, match.package)),
      ),
    );
  };
};

export const compileAccept = (accept: readonly AcceptRow[]): ((now: number) => IsAccepted) => {
  const rowsAt = rowsBy(accept);
  return (now) => {
    const rowsFor = rowsAt(now);
    return (vulnerability, match) => rowsFor(vulnerability, match).length > 0;
  };
};

const nothing: Acceptance = { rows: [], isWhole: false };

/** What `accept` says of vulnerabilities, where `deny` does not say otherwise (V8, V17). */
export const acceptanceBy = (
  accept: readonly AcceptRow[],
  isDenied: (vulnerability: Vulnerability) => boolean,
): ((vulnerability: Vulnerability, now: number) => Acceptance) => {
  const rowsAt = rowsBy(accept);
  return (vulnerability, now) => {
    if (isDenied(vulnerability)) return nothing;
    const counted = vulnerability.matches.filter(({ isCounted }) => isCounted);
    const rows = counted.map((match) => rowsAt(now)(vulnerability, match));
    const isWhole = rows.length > 0 && rows.every((some) => some.length > 0);
    return { rows: [...new Set(rows.flat())], isWhole };
  };
};
