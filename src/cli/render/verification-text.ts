import type { CandidateReport, SignerReport } from '../../core/decision/candidate-report.ts';
import type {
  CheckReport,
  ImageVerification,
  SourceReport,
  VerificationVerdict,
} from '../../core/decision/image-verification.ts';
import { checkNames, faultNames, sourcesText } from '../../core/facts/claim-text.ts';
import { labelled } from './wrapped-text.ts';

const verdicts: Readonly<Record<VerificationVerdict, string>> = {
  valid: 'valid',
  invalid: 'not valid',
  unknown: 'not known',
};
const kinds = { signed: 'signature', attested: 'attestation' } as const;
const outcomes = { passed: 'passed', failed: 'failed', 'not-made': 'not checked' } as const;

const labelWidth = 7;
const field = (label: string, text: string): readonly string[] =>
  labelled(`  ${label.padEnd(labelWidth)}`, text);
/** One line for each text, the label before the first. */
const fields = (label: string, texts: readonly string[]): readonly string[] =>
  texts.flatMap((text, at) => field(at === 0 ? label : '', text));

const seconds = (time: string): string => time.replace(/\.\d+Z$/, 'Z');

const signerLines = (signer: SignerReport): readonly string[] => {
  if (signer.kind === 'key') return fields('key', [signer.fingerprint]);
  const { names, subject, issuer, certificate, trustRoot, validity } = signer;
  const from = `valid from ${seconds(validity.from)} until ${seconds(validity.until)}`;
  return [
    ...fields('signer', names.length > 0 ? names.map(({ value }) => value) : [subject]),
    ...(issuer === undefined ? [] : field('issuer', issuer)),
    ...fields(
      'build',
      Object.entries(signer.fields).map(([name, value]) => `${name} ${value}`),
    ),
    ...fields('cert', [certificate, `of trust root ${trustRoot}, ${from}`]),
  ];
};

/** Checks that were not made are named, so that nobody takes them for made (S13). */
const checkText = ({ checks }: CandidateReport): string =>
  checks
    .map(
      ({ check, outcome, why }) =>
        `${checkNames[check]} ${outcomes[outcome]}${why === undefined ? '' : ` (${why})`}`,
    )
    .join('; ');

const placeText = ({
  form,
  sources,
  location,
}: Pick<CandidateReport, 'form' | 'sources' | 'location'>): string => {
  const place =
    sources.length === 0 ? location : sourcesText(sources.map((source) => ({ source, location })));
  return form === undefined ? place : `${form}, ${place}`;
};

const nameOf = ({ policy, check, authority }: CandidateReport['authorities'][number]): string =>
  `${authority} (policy ${policy}, ${check})`;

const reasonLines = ({ rejected, authorities }: CandidateReport): readonly string[] => {
  if (rejected !== undefined) return field('why', `${faultNames[rejected.fault]}: ${rejected.why}`);
  const counting = authorities.filter(({ counts }) => counts);
  return [
    ...fields('for', counting.map(nameOf)),
    ...fields(
      'why',
      authorities.flatMap((one) => (one.why === undefined ? [] : [`${nameOf(one)}: ${one.why}`])),
    ),
  ];
};

const countsFor = ({ authorities }: CandidateReport): boolean => authorities.some(({ counts }) => counts);

const provenanceTexts = ({ provenance }: CandidateReport): readonly string[] => {
  if (provenance === undefined) return [];
  const { builder, sources, refs } = provenance;
  return [
    ...(builder === undefined ? [] : [`builder ${builder}`]),
    ...sources.map((source) => `source ${source}`),
    ...refs.map((ref) => `ref ${ref}`),
  ];
};

const expressionText = ({ text, state, why }: NonNullable<CandidateReport['expressions']>[number]): string =>
  `${text}: ${state}${why === undefined ? '' : ` (${why})`}`;

const candidateLines = (candidate: CandidateReport, number: number): readonly string[] => {
  const {
    says,
    platform,
    digest,
    carrier,
    signer,
    predicateType,
    name,
    annotations = {},
    times,
    logs,
  } = candidate;
  const where = platform === undefined ? '' : ` of ${platform}`;
  return [
    '',
    `${kinds[says]} ${String(number)}${where}: ${countsFor(candidate) ? 'counts' : 'does not count'}`,
    ...field('digest', digest),
    ...field('place', placeText(candidate)),
    ...(carrier === undefined ? [] : field('signed', `the ${carrier.kind} ${carrier.digest}`)),
    ...(predicateType === undefined ? [] : field('type', predicateType)),
    ...(signer === undefined ? [] : signerLines(signer)),
    ...fields('asked', (candidate.expressions ?? []).map(expressionText)),
    ...(name === undefined ? [] : field('name', name)),
    ...fields('says', [
      ...provenanceTexts(candidate),
      ...Object.entries(annotations).map(([key, value]) => `${key}=${value}`),
    ]),
    ...fields(
      'time',
      times.map(
        ({ at, from, authority, trustRoot }) => `${seconds(at)} by ${from} ${authority} (${trustRoot})`,
      ),
    ),
    ...fields(
      'log',
      logs.map(({ log, trustRoot }) => `${log} (${trustRoot})`),
    ),
    ...field('checks', checkText(candidate)),
    ...reasonLines(candidate),
  ];
};

const checkLines = (
  { policy, check, met, authorities }: CheckReport,
  candidates: readonly CandidateReport[],
): readonly string[] => {
  const numbersOf = (name: string): string => {
    const numbers = candidates.flatMap(({ authorities: verdicts }, at) =>
      verdicts.some(
        (one) => one.counts && one.policy === policy && one.check === check && one.authority === name,
      )
        ? [String(at + 1)]
        : [],
    );
    return numbers.length === 0 ? 'satisfied by nothing' : `satisfied by number ${numbers.join(', ')}`;
  };
  return [
    '',
    `policy ${policy}, ${check}: ${met ? 'met' : 'not met'}`,
    ...authorities.flatMap(({ name }) => labelled('  ', `${name}: ${numbersOf(name)}`)),
  ];
};

/** What a source could not be read for is said beside the source. */
const leftLines = ({ left, sources }: ImageVerification): readonly string[] => {
  const many = left - sources.filter(({ state, why }) => state === 'known' && why !== undefined).length;
  if (many <= 0) return [];
  return ['', `${String(many)} more ${many === 1 ? 'was' : 'were'} not read: there are too many`];
};

const sourceLines = (sources: readonly SourceReport[]): readonly string[] => {
  const lost = sources.filter(({ why }) => why !== undefined);
  if (lost.length === 0) return [];
  const texts = lost.map((source) => `${sourcesText([source])}: ${source.why ?? ''}`);
  return ['', 'could not be looked at', ...[...new Set(texts)].flatMap((text) => labelled('  ', text))];
};

/** The detail of other findings names candidates, and each of those is shown with its own cause. */
const saysMore = (code: string): boolean => code.endsWith('-unavailable') || code.endsWith('-revoked');

const findingLines = ({ findings, candidates }: ImageVerification): readonly string[] =>
  findings.flatMap(({ code, policy, message, detail, remedy }) => [
    '',
    `${code} (policy ${policy})`,
    ...field('what', message),
    ...(detail === undefined || (candidates.length > 0 && !saysMore(code)) ? [] : field('why', detail)),
    ...(remedy === undefined ? [] : field('fix', remedy)),
  ]);

/** What was found about one image, for a person: the verdict, every candidate, what each check makes of them. */
export const renderVerification = (verification: ImageVerification): readonly string[] => {
  const { verdict, image, candidates, checks, sources } = verification;
  const { given, reference = given, digest, tried = [] } = image;
  const lines = [
    ...labelled(`${verdicts[verdict]}  `, reference),
    ...(digest === undefined ? [] : field('digest', digest)),
    ...fields('tried', tried),
    ...(sources.length === 0 ? [] : field('looked', sourcesText(sources))),
    ...(candidates.length > 0 || sources.length === 0
      ? []
      : ['', 'nothing stands beside it that could be one']),
    ...candidates.flatMap((candidate, at) => candidateLines(candidate, at + 1)),
    ...leftLines(verification),
    ...sourceLines(sources),
    ...checks.flatMap((check) => checkLines(check, candidates)),
    ...findingLines(verification),
  ];
  return lines.map((line) => `${line}\n`);
};
