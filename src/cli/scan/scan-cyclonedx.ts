import { version } from '../../config/version.ts';
import { supportedDistributions } from '../../core/vulnerability/distribution.ts';
import type {
  ReportedPackage,
  ReportedVulnerability,
  ScanReport,
} from '../../core/vulnerability/report/scan-report.ts';
import { acceptanceText } from '../render/scan-text.ts';

interface Property {
  readonly name: string;
  readonly value: string;
}
const propertiesOf = (
  values: Readonly<Record<string, string | undefined>>,
): { properties?: readonly Property[] } => {
  const properties = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value }],
  );
  return properties.length === 0 ? {} : { properties };
};

const keyOf = ({ ecosystem, name, version: of, path }: ReportedPackage): string =>
  JSON.stringify([ecosystem, name, of, path]);

/** The source package under the names of Syft: they are what readers of such lists know. */
const componentOf = (found: ReportedPackage, ref: string): object => ({
  'bom-ref': ref,
  type: 'library',
  name: found.name,
  version: found.version,
  ...(found.purl === undefined ? {} : { purl: found.purl }),
  ...(found.path === undefined ? {} : { evidence: { occurrences: [{ location: found.path }] } }),
  ...propertiesOf({
    'syft:metadata:source': found.source?.name,
    'syft:metadata:sourceVersion': found.source?.version,
    'aquasecurity:trivy:LayerDigest': found.layer,
    'imagegate:step': found.createdBy,
  }),
});

/** The system of the packages: without it nobody could say which advisories speak of them. */
const systemOf = (packages: readonly ReportedPackage[]): readonly object[] => {
  const ecosystems = new Set(packages.map(({ ecosystem }) => ecosystem));
  const systems = supportedDistributions.flatMap(({ id, releases, ecosystemOf }) =>
    Object.keys(releases)
      .filter((release) => ecosystems.has(ecosystemOf(release)))
      .map((release) => ({
        'bom-ref': `system-${id}-${release}`,
        type: 'operating-system',
        name: id,
        version: release,
      })),
  );
  return systems.slice(0, 1);
};

const acceptedByText = ({ acceptedBy = [] }: ReportedVulnerability): string | undefined => {
  const texts = acceptedBy.flatMap((by) => (by.policy === undefined ? [] : [acceptanceText(by)]));
  return texts.length === 0 ? undefined : texts.join(', ');
};

const vulnerabilityOf = (one: ReportedVulnerability, refOf: (found: ReportedPackage) => string): object => ({
  id: one.id,
  ratings: [{ severity: one.severity, ...(one.score === undefined ? {} : { score: one.score }) }],
  ...(one.published === undefined ? {} : { published: one.published }),
  ...(one.fixed === undefined ? {} : { recommendation: `use ${one.fixed}` }),
  affects: one.packages.map((found) => ({ ref: refOf(found) })),
  ...propertiesOf({
    'imagegate:aliases': one.aliases.length === 0 ? undefined : one.aliases.join(' '),
    'imagegate:accepted': one.accepted === true ? 'true' : undefined,
    'imagegate:accepted-by': acceptedByText(one),
    'imagegate:malicious': one.malicious === true ? 'true' : undefined,
  }),
});

/**
 * A report as a CycloneDX document: packages, and what is published about them. What was not looked at makes it incomplete:
 * to whoever reads no further it would look whole (V1).
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export const renderCycloneDx = (report: ScanReport, feedProblems: readonly string[], now: number): string => {
  const { target, digest, platform, packages, vulnerabilities, gaps, problems } = report;
  const refs = new Map(packages.map((found, at) => [keyOf(found), `package-${String(at)}`]));
  const refOf = (found: ReportedPackage): string => refs.get(keyOf(found)) ?? '';
  const open = [...gaps.map(({ kind, what }) => `${kind}: ${what}`), ...problems, ...feedProblems];
  const isWhole = open.length === 0;
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: new Date(now).toISOString(),
      tools: { components: [{ type: 'application', name: 'imagegate', version }] },
      component: {
        'bom-ref': 'target',
        type: digest === undefined ? 'file' : 'container',
        name: target,
        ...(digest === undefined ? {} : { version: digest }),
        ...propertiesOf({ 'imagegate:platform': platform }),
      },
      ...(isWhole ? {} : { properties: open.map((value) => ({ name: 'imagegate:not-looked-at', value })) }),
    },
    components: [...systemOf(packages), ...packages.map((found) => componentOf(found, refOf(found)))],
    vulnerabilities: vulnerabilities.map((one) => vulnerabilityOf(one, refOf)),
    ...(isWhole ? {} : { compositions: [{ aggregate: 'incomplete', assemblies: ['target'] }] }),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
};
