import type { X509Certificate } from 'node:crypto';
import { shown } from '../../core/text/shown-text.ts';
import {
  readTrustedRoot,
  type TrustedAuthority,
  type TrustedLog,
  type ValidityPeriod,
} from '../../evidence/trust/trusted-root.ts';
import type { TrustRootSnapshot } from '../../evidence/trust/trust-root.ts';
import { readX509Roots } from '../../evidence/trust/x509-roots.ts';

interface CertificateReport {
  readonly subject: string;
  /** sha256 of the DER certificate. */
  readonly fingerprint: string;
  readonly notBefore: string;
  readonly notAfter: string;
}
interface AuthorityReport {
  readonly uri: string;
  readonly validFrom: string;
  readonly validUntil?: string;
  readonly certificates: readonly CertificateReport[];
}
interface LogReport {
  readonly baseUrl: string;
  readonly keyId: string;
  readonly key: string;
  readonly validFrom: string;
  readonly validUntil?: string;
}

/** What a trust root consists of, for people and programs. All of it is public. */
export interface TrustRootReport {
  readonly name: string;
  readonly kind: TrustRootSnapshot['kind'];
  readonly source?: string;
  readonly id: string;
  readonly written?: string;
  readonly ageSeconds?: number;
  readonly certificateAuthorities: readonly AuthorityReport[];
  readonly timestampAuthorities: readonly AuthorityReport[];
  readonly logs: readonly LogReport[];
  readonly certificateLogs: readonly LogReport[];
  /** Anchors of a plain CA. */
  readonly roots: readonly CertificateReport[];
}

const timeText = (time: number): string => new Date(time).toISOString().replace('.000Z', 'Z');

const certificateReport = (certificate: X509Certificate): CertificateReport => ({
  subject: shown(certificate.subject.replaceAll('\n', ', ')),
  fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  notBefore: timeText(Date.parse(certificate.validFrom)),
  notAfter: timeText(Date.parse(certificate.validTo)),
});

const periodReport = ({ start, end }: ValidityPeriod) => ({
  validFrom: timeText(start),
  ...(end === undefined ? {} : { validUntil: timeText(end) }),
});

const authorityReport = ({ uri, validFor, certificates }: TrustedAuthority): AuthorityReport => ({
  uri: shown(uri),
  ...periodReport(validFor),
  certificates: certificates.map(certificateReport),
});

const logReport = ({ baseUrl, keyId, keyDetails, validFor }: TrustedLog): LogReport => ({
  baseUrl: shown(baseUrl),
  keyId: keyId.toString('base64'),
  key: keyDetails,
  ...periodReport(validFor),
});

const contentOf = (snapshot: TrustRootSnapshot) => {
  const root = snapshot.kind === 'sigstore' ? readTrustedRoot(snapshot.trustedRoot) : undefined;
  const roots = snapshot.kind === 'x509' ? readX509Roots(snapshot.roots) : undefined;
  const { certificateAuthorities, timestampAuthorities, tlogs, ctlogs } = root?.ok
    ? root.value
    : { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
  return {
    certificateAuthorities: certificateAuthorities.map(authorityReport),
    timestampAuthorities: timestampAuthorities.map(authorityReport),
    logs: tlogs.map(logReport),
    certificateLogs: ctlogs.map(logReport),
    roots: roots?.ok ? roots.value.map(certificateReport) : [],
  };
};

/** @param now milliseconds since 1970 */
export const trustRootReport = (
  snapshot: TrustRootSnapshot,
  now: number,
  source?: string,
): TrustRootReport => {
  const { name, kind, id, writtenAt } = snapshot;
  return {
    name,
    kind,
    ...(source === undefined ? {} : { source }),
    id,
    ...(writtenAt === undefined
      ? {}
      : {
          written: timeText(Math.floor(writtenAt / 1000) * 1000),
          ageSeconds: Math.max(0, Math.floor((now - writtenAt) / 1000)),
        }),
    ...contentOf(snapshot),
  };
};

const counted = (count: number, one: string, more: string): readonly string[] =>
  count === 0 ? [] : [`${count} ${count === 1 ? one : more}`];

/** `2 certificate authorities, 2 logs, 2 certificate logs, 1 timestamp authority` */
export const summaryOf = (report: TrustRootReport): string =>
  [
    ...counted(report.roots.length, 'root certificate', 'root certificates'),
    ...counted(report.certificateAuthorities.length, 'certificate authority', 'certificate authorities'),
    ...counted(report.logs.length, 'log', 'logs'),
    ...counted(report.certificateLogs.length, 'certificate log', 'certificate logs'),
    ...counted(report.timestampAuthorities.length, 'timestamp authority', 'timestamp authorities'),
  ].join(', ');

const ageText = ({ ageSeconds }: TrustRootReport): string => {
  if (ageSeconds === undefined) return '-';
  if (ageSeconds < 3600) return `${Math.floor(ageSeconds / 60)}m`;
  return ageSeconds < 172_800 ? `${Math.floor(ageSeconds / 3600)}h` : `${Math.floor(ageSeconds / 86_400)}d`;
};

/** One line a root. */
export const renderTrustList = (reports: readonly TrustRootReport[]): string => {
  const rows = [
    ['NAME', 'KIND', 'SOURCE', 'AGE', 'HOLDS'],
    ...reports.map((report) => [
      report.name,
      report.kind,
      report.source ?? '-',
      ageText(report),
      summaryOf(report),
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`)
    .join('');
};

const period = ({ validFrom, validUntil }: AuthorityReport | LogReport): string =>
  validUntil === undefined ? `from ${validFrom}` : `from ${validFrom} until ${validUntil}`;

const certificateLines = ({
  subject,
  fingerprint,
  notBefore,
  notAfter,
}: CertificateReport): readonly string[] => [
  `    ${subject}`,
  `      sha256:${fingerprint}, from ${notBefore} until ${notAfter}`,
];

const authorityLines = (title: string, all: readonly AuthorityReport[]): readonly string[] =>
  all.length === 0
    ? []
    : [
        title,
        ...all.flatMap((one) => [
          `  ${one.uri === '' ? 'no address' : one.uri}, trusted ${period(one)}`,
          ...one.certificates.flatMap(certificateLines),
        ]),
      ];

const logLines = (title: string, all: readonly LogReport[]): readonly string[] =>
  all.length === 0
    ? []
    : [
        title,
        ...all.flatMap((one) => [`  ${one.baseUrl}, trusted ${period(one)}`, `    ${one.keyId}, ${one.key}`]),
      ];

/** Everything in one root. */
export const renderTrustRoot = (report: TrustRootReport): string => {
  const { name, kind, source, id, written } = report;
  const lines = [
    `${name}: ${kind}${source === undefined ? '' : `, ${source}`}`,
    `  ${id}`,
    ...(written === undefined ? [] : [`  written ${written}, ${ageText(report)} ago`]),
    ...(report.roots.length === 0 ? [] : ['root certificates', ...report.roots.flatMap(certificateLines)]),
    ...authorityLines('certificate authorities', report.certificateAuthorities),
    ...logLines('logs', report.logs),
    ...logLines('certificate logs', report.certificateLogs),
    ...authorityLines('timestamp authorities', report.timestampAuthorities),
  ];
  return `${lines.join('\n')}\n`;
};
