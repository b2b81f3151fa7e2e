import { expect, test } from 'vitest';
import { imageDigest as layer } from '../../../test/fakes/image-facts.ts';
import { scanReport } from '../../core/vulnerability/report/scan-report.ts';
import { debianPackage, match } from '../../../test/fakes/vulnerability-facts.ts';
import { renderScanWhy } from './scan-why.ts';

const why = (more: Partial<ReturnType<typeof match>>, id = 'CVE-2026-1'): string => {
  const matches = [{ ...match('CVE-2026-1', { fixed: undefined }), ...more }];
  const found = { packages: [], matches, gaps: [], feeds: [], problems: [] };
  const count = { counts: () => true, acceptance: () => ({ isAccepted: false, by: [] }) };
  return [...renderScanWhy([scanReport({ target: 'an image' }, found, count)], [id])].join('');
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
