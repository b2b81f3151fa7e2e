import { expect, test } from 'vitest';
import { imageDigest as layer } from '../../../test/fakes/image-facts.ts';
import { scanReport } from '../../core/vulnerability/report/scan-report.ts';
import { debianPackage, match } from '../../../test/fakes/vulnerability-facts.ts';
import { advisoriesBehind, renderScanWhy, type AdvisoryTexts } from './scan-why.ts';

const why = (
  more: Partial<ReturnType<typeof match>>,
  id = 'CVE-2026-1',
  texts: AdvisoryTexts = new Map(),
): string => {
  const matches = [{ ...match('CVE-2026-1', { fixed: undefined }), ...more }];
  const found = { packages: [], matches, gaps: [], feeds: [], problems: [] };
  const count = { counts: () => true, acceptance: () => ({ isAccepted: false, by: [] }) };
  return [...renderScanWhy([scanReport({ target: 'an image' }, found, count)], [id], texts)].join('');
};

test('--why names path, layer and build step, and the version of the source that was compared', () => {
  const found = debianPackage('libc6', {
    path: 'var/lib/dpkg/status',
    layer,
    createdBy: 'RUN apt-get install',
  });
  const text = why({ package: found });
  expect(text).toContain('    path      var/lib/dpkg/status\n');
  expect(text).toContain(
    `    layer     ${layer}\n    step      RUN apt-get install\n    range     < 2.36-10\n`,
  );
  expect(text).toContain('compared  2.36-9 of the source glibc is in the range, as dpkg orders versions\n');
  expect(text).toContain('fixed in  no version that the advisory names\n');
});

test.each([
  [
    'what its advisory says, and where to read on',
    { summary: 'Heap overflow', references: ['https://example.com/1', 'https://example.com/2'] },
    '  CVE-2026-1: Heap overflow\n    https://example.com/1\n    https://example.com/2\n',
  ],
  [
    'no more than three references',
    { summary: 'Bad', references: ['a', 'b', 'c', 'd'] },
    '  CVE-2026-1: Bad\n    a\n    b\n    c\n',
  ],
  ['lines as one', { summary: '\n### Impact\n\tBad', references: [] }, '  CVE-2026-1: ### Impact Bad\n'],
  [
    'the beginning of what is long',
    { summary: 'x '.repeat(200), references: [] },
    `  CVE-2026-1: ${'x '.repeat(120)}…\n`,
  ],
  [
    'whole addresses',
    { summary: 'Bad', references: ['https://a/@b/c'] },
    '  CVE-2026-1: Bad\n    https://a/@b/c\n',
  ],
  ['that it has no summary', { summary: ' ', references: ['a'] }, '  CVE-2026-1: it has no summary\n    a\n'],
  ['nothing of an advisory without words', { summary: '', references: [] }, ''],
])('--why tells %s', (_, text, told) => {
  expect(why({}, 'CVE-2026-1', new Map([['CVE-2026-1', text]]))).toContain(
    `CVE-2026-1: critical\n${told}  libc6`,
  );
});

test('V18: words of advisories are escaped and cut', () => {
  const text = { summary: `\u001b[31m${'x'.repeat(400)}`, references: ['https://\u001b[1m'] };
  const told = why({}, 'CVE-2026-1', new Map([['CVE-2026-1', text]]));
  expect(told).not.toContain('\u001b');
  expect(told).toContain('\\u{1b}');
  expect(told).not.toContain('x'.repeat(240));
});

test('only advisories behind what --why asks about are read', () => {
  const matches = [match('CVE-2026-1', {}), match('CVE-2026-2', {})];
  const found = { packages: [], matches, gaps: [], feeds: [], problems: [] };
  const count = { counts: () => true, acceptance: () => ({ isAccepted: false, by: [] }) };
  const report = scanReport({ target: 'an image' }, found, count);
  expect(advisoriesBehind([report], ['CVE-2026-2', 'CVE-2026-3'])).toEqual(new Set(['CVE-2026-2']));
});

test('V7: --why says where nobody could compare', () => {
  expect(why({ isImprecise: true })).toContain(
    'compared  2.36-9 of the source glibc: nobody can tell whether the range holds it, so it counts as affected\n',
  );
});

test('V18: what lists and callers write is escaped', () => {
  const text = why(
    { package: debianPackage('a', { path: 'usr/\u001b[31m', createdBy: 'RUN\nx' }) },
    'CVE\u001b[1m',
  );
  expect(text).not.toContain('\u001b');
  const shown = why({ package: debianPackage('a', { path: 'usr/\u001b[31m', createdBy: 'RUN\nx' }) });
  expect(shown).toContain('usr/\\u{1b}[31m');
  expect(shown).toContain('RUN\\u{a}x');
});
