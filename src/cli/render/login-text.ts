import type { LoginAttempt, LoginReport } from '../login-test.ts';

const words: Readonly<Record<LoginAttempt['outcome'], string>> = {
  works: 'works    ',
  denied: 'denied   ',
  failed: 'failed   ',
  missing: 'missing  ',
  'not-tried': 'not tried',
};

const attemptLines = ({ credential, outcome, why, fix, realm, took }: LoginAttempt): readonly string[] => [
  `  ${words[outcome]}  ${credential}${took === undefined ? '' : ` (${took} ms)`}`,
  ...(why === undefined ? [] : [`             ${why}`]),
  ...(fix === undefined ? [] : [`             fix: ${fix}`]),
  ...(realm === undefined ? [] : [`             token server ${realm}`]),
];

const trustText = ({ plainHttp, ownAuthority }: LoginReport): string => {
  if (plainHttp) return 'none: plain HTTP, as its row says';
  return ownAuthority ? 'the well-known authorities and caFile' : 'the well-known authorities';
};

/** The result of each credential for a person. A report holds no secret. */
export const renderLogin = (report: LoginReport): string => {
  const { address, image, proxy = 'none', proxyProblem, allowPrivateAddress, attempts } = report;
  const lines = [
    `${report.host} is asked at ${address}${image === undefined ? '' : ` for ${image}`}`,
    `  proxy      ${proxyProblem ?? proxy}`,
    `  trusts     ${trustText(report)}`,
    ...(report.clientCertificate
      ? ['  shows      the client certificate of its row, when it is asked for one']
      : []),
    `  addresses  ${allowPrivateAddress ? 'private ones too' : 'public ones only'}`,
    '',
    'credentials, in the order in which they are tried',
    ...attempts.flatMap(attemptLines),
  ];
  return `${lines.join('\n')}\n`;
};
