import type { VulnerabilitiesCheck } from '../../policy/schema/schema.ts';
import { endOfDay } from '../../policy/schema/vulnerabilities.ts';
import type { Match } from '../../vulnerability/match.ts';
import type { Package } from '../../vulnerability/package.ts';
import type { Vulnerability } from '../../vulnerability/vulnerability.ts';

type Acceptance = VulnerabilitiesCheck['accept'][number];

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** A package URL without qualifiers, in two parts: what it names, and its version. */
const partsOf = (purl: string): { readonly name: string; readonly version?: string } => {
  const plain = purl.split(/[?#]/, 1)[0] ?? '';
  const at = plain.lastIndexOf('@');
  return at > plain.lastIndexOf('/')
    ? { name: decoded(plain.slice(0, at)), version: decoded(plain.slice(at + 1)) }
    : { name: decoded(plain) };
};

/** A package whose list gives no package URL is none that could be meant. */
const isPackage = (wanted: string, { purl, source }: Package): boolean => {
  if (purl === undefined) return false;
  const asked = partsOf(wanted);
  const found = partsOf(purl);
  const names = [found];
  const parent = found.name.slice(0, found.name.lastIndexOf('/') + 1);
  if (source !== undefined) names.push({ name: parent + source.name, version: source.version });
  return names.some(
    ({ name, version }) => name === asked.name && (asked.version === undefined || asked.version === version),
  );
};

/** Every id of a vulnerability. */
export const idsOf = ({ id, aliases }: Vulnerability): readonly string[] => [id, ...aliases];

/** Whether a match of a vulnerability does not count now (V17). */
export type IsAccepted = (vulnerability: Vulnerability, match: Match) => boolean;

export const compileAccept = (accept: readonly Acceptance[]): ((now: number) => IsAccepted) => {
  const byId = Map.groupBy(accept, ({ id }) => id);
  return (now) => (vulnerability, match) =>
    byId.size > 0 &&
    idsOf(vulnerability).some((id) =>
      (byId.get(id) ?? []).some(
        ({ until, package: wanted }) =>
          now <= (endOfDay(until) ?? 0) && (wanted === undefined || isPackage(wanted, match.package)),
      ),
    );
};
