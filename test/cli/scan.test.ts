import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cycloneDx, osvRecord, osvZip } from '../fakes/advisories.ts';
import { folderWith } from './imagegate.ts';
import { fixed, importFeeds, jinja, old, reportsOf, stageScan } from './scan-stage.ts';

const records = [
  jinja,
  osvRecord('GHSA-low', { ecosystem: 'PyPI', name: 'flask', severity: 'LOW' }),
  osvRecord('MAL-2026-1', { ecosystem: 'PyPI', name: 'evil' }),
];
const stage = stageScan(...records);
const { scan, folder } = stage;
let count = 0;
const listed = (...purls: readonly string[]): string => {
  count += 1;
  const name = `list-${String(count)}.cdx.json`;
  writeFileSync(join(folder, name), cycloneDx(purls));
  return `sbom:${name}`;
};

describe('scan of a list in a file', () => {
  test('says what is in it, what is wrong, by which feed, and ends with 1', async () => {
    const ended = await scan(listed(old), '-o', 'json');
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      apiVersion: 'imagegate.dev/v1alpha1',
      kind: 'ScanReportList',
      generation: expect.stringMatching(/^[0-9a-f]{16}$/),
      items: [
        {
          packages: [{ ecosystem: 'PyPI', name: 'jinja2', version: '2.10', purl: old }],
          matches: [
            {
              advisory: 'GHSA-aaaa',
              range: '< 3.1.4',
              fixed: '3.1.4',
              severity: 'critical',
              package: { name: 'jinja2' },
            },
          ],
          vulnerabilities: [
            {
              id: 'CVE-2026-1000',
              aliases: ['GHSA-aaaa'],
              severity: 'critical',
              score: 9.8,
              fixed: '3.1.4',
              counted: true,
            },
          ],
          gaps: [],
          feeds: [{ feed: 'osv', ecosystem: 'PyPI' }],
        },
      ],
    });
  });

  test.each<[string, readonly string[], readonly string[], number]>([
    ['nothing is wrong', [fixed], [], 0],
    ['a low one counts unless told', ['pkg:pypi/flask@1'], [], 1],
    ['a low one below the level', ['pkg:pypi/flask@1'], ['--min-severity', 'medium'], 0],
    ['one without a fix', ['pkg:pypi/flask@1'], ['--only-fixable'], 0],
    ['an accepted one, by its other name', [old], ['--accept', 'GHSA-aaaa'], 0],
    [
      'a malicious package counts in any case',
      ['pkg:pypi/evil@1'],
      ['--min-severity', 'critical', '--only-fixable'],
      1,
    ],
    ['--fail-on never', [old], ['--fail-on', 'never'], 0],
    [
      '--fail-on audit, of what does not count',
      [old],
      ['--accept', 'CVE-2026-1000', '--fail-on', 'audit'],
      1,
    ],
    ['V1: --fail-on never excuses no gap', [old, 'pkg:npm/a@1.0.0'], ['--fail-on', 'never'], 3],
    ['V1: what no feed speaks of was not looked at', ['pkg:npm/a@1.0.0'], [], 3],
    ['V1: unless that is allowed', ['pkg:npm/a@1.0.0'], ['--allow-gap', 'no-advisories'], 0],
    ['V1: what counts outranks a gap', ['pkg:npm/a@1.0.0', old], [], 1],
    ['a kind of gap that is none', [fixed], ['--allow-gap', 'nothing'], 2],
  ])('%s', async (_, purls, flags, code) => {
    expect((await scan(listed(...purls), ...flags)).code).toBe(code);
  });

  test('V1: without advisories, or with old ones, it ends with 3 and says so', async () => {
    const target = listed(fixed);
    const empty = folderWith();
    const says = `there are no advisories in ${empty};`;
    const none = await scan(target, '--advisories', empty, '--quiet');
    expect(none).toMatchObject({ code: 3, stderr: '' });
    expect(none.stdout).toContain(`\nnot judged whole:\n  ${says}`);
    const json = await scan(target, '--advisories', empty, '-o', 'json');
    expect(json).toMatchObject({ code: 3, stderr: expect.stringContaining(says) });
    expect(JSON.parse(json.stdout)).toMatchObject({ problems: [expect.stringContaining(says)] });
    const aged = folderWith();
    await importFeeds({ 'PyPI/all.zip': osvZip(...records) }, aged, '2026-01-01');
    const ended = await scan(target, '--advisories', join(aged, 'advisories'));
    expect(ended).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/\n {2}osv \(PyPI\) is \d+ days old\n$/),
    });
    const whole = await scan(target, '-o', 'json');
    expect(JSON.parse(whole.stdout)).toMatchObject({ problems: [] });
  });

  test('a path that lies here and is named as an image: it says how files are named', async () => {
    const target = `${stage.registry.host}/web-layout`;
    mkdirSync(join(folder, target), { recursive: true });
    const { code, stderr } = await scan(target);
    expect(code).toBe(3);
    expect(stderr).toContain(
      `${target} is asked for in a registry; what lies here is named tar:${target}, oci:`,
    );
  });

  test('V1, B34: a target that nobody could open is not told as one without vulnerabilities', async () => {
    const { code, stdout } = await scan('oci:nowhere');
    expect(code).toBe(3);
    expect(stdout).toMatch(/^oci:nowhere: nothing was looked at\nnot looked at:\n {2}\S/);
    expect(stdout).not.toContain('vulnerabilities');
  });

  test('the table ends with what was not looked at', async () => {
    const target = listed(old, 'pkg:npm/a@1.0.0');
    const { stdout } = await scan(target);
    expect(stdout.replaceAll(/ +/g, ' ')).toBe(`${target}: 2 packages, 1 vulnerability, 1 counted
ID SEVERITY SCORE PACKAGE VERSION FIXED IN REMARK
CVE-2026-1000 critical 9.8 jinja2 2.10 3.1.4
not looked at:
 no-advisories: npm (1 package)
`);
  });

  test.each(['CVE-2026-1000', 'GHSA-aaaa'])('--why %s says what is behind it', async (id) => {
    const target = listed(old, 'pkg:npm/a@1.0.0');
    const { code, stdout } = await scan(target, '--why', id, '--why', 'CVE-1999-1');
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: `${target}:
CVE-2026-1000, also known as GHSA-aaaa: critical
  GHSA-aaaa: Code runs outside of the sandbox
    https://example.com/GHSA-aaaa
  jinja2 2.10 (PyPI)
    advisory  GHSA-aaaa
    package   pkg:pypi/jinja2@2.10
    path      the package list does not say
    layer     the package list does not say
    step      the package list does not say
    range     < 3.1.4
    compared  2.10 is in the range, as PEP 440 orders versions
    fixed in  3.1.4
CVE-1999-1: no advisory in force says so of a package that was found here
not looked at:
  no-advisories: npm (1 package)
`,
    });
  });

  test('as SARIF and JUnit it shows each vulnerability, and fails for what was not looked at', async () => {
    const target = listed(old, 'pkg:npm/a@1.0.0');
    const flags = ['-o', 'sarif=out.sarif', '-o', 'junit=out.xml', '-o', 'json', '--accept', 'CVE-2026-1000'];
    expect((await scan(target, ...flags)).code).toBe(3);
    const { runs } = JSON.parse(readFileSync(join(folder, 'out.sarif'), 'utf8')) as {
      readonly runs: readonly {
        readonly results: readonly { ruleId: string; level: string; message: { text: string } }[];
      }[];
    };
    expect(
      runs[0]?.results.map(({ ruleId, level, message }) => `${ruleId} ${level} ${message.text}`),
    ).toEqual([
      'vulnerable note CVE-2026-1000 critical in jinja2 2.10. also known as GHSA-aaaa. use 3.1.4',
      'vulnerability-gap error no-advisories: npm (1 package)',
    ]);
    const junit = readFileSync(join(folder, 'out.xml'), 'utf8');
    expect(junit).toContain('tests="1" failures="1"');
    expect(junit).toContain('<failure type="vulnerability-gap" message="no-advisories: npm (1 package)">');
  });

  test('as CycloneDX it can be scanned again, says what is known, and keeps V1: what is open makes it incomplete', async () => {
    const glibc = 'pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12&upstream=glibc';
    const target = listed(old, glibc);
    const { code, stdout } = await scan(target, '-o', 'cyclonedx');
    expect(code).toBe(1);
    const document = JSON.parse(stdout) as { readonly components: readonly { readonly purl?: string }[] };
    expect(document).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      metadata: {
        component: { type: 'file', name: target },
        properties: [{ name: 'imagegate:not-looked-at', value: 'no-advisories: Debian (1 package)' }],
      },
      vulnerabilities: [
        {
          id: 'CVE-2026-1000',
          ratings: [{ severity: 'critical', score: 9.8 }],
          recommendation: 'use 3.1.4',
          affects: [{ ref: 'package-0' }],
        },
      ],
      compositions: [{ aggregate: 'incomplete' }],
    });
    expect(document.components).toMatchObject([
      { type: 'operating-system', name: 'debian', version: '12' },
      { 'bom-ref': 'package-0', name: 'jinja2', version: '2.10', purl: old },
      { 'bom-ref': 'package-1', name: 'libc6', purl: glibc },
    ]);
    const none = await scan(listed(fixed), '-o', 'cyclonedx', '--advisories', folderWith());
    expect(none.code).toBe(3);
    expect(JSON.parse(none.stdout)).toMatchObject({
      metadata: { properties: [{ value: expect.stringContaining('there are no advisories') }] },
      compositions: [{ aggregate: 'incomplete' }],
    });
    writeFileSync(join(folder, 'again.json'), stdout);
    const [first, again] = await Promise.all([
      scan(target, '-o', 'json'),
      scan('sbom:again.json', '-o', 'json'),
    ]);
    expect(reportsOf(again)[0]?.packages).toEqual(reportsOf(first)[0]?.packages);
    expect(reportsOf(again)[0]?.matches).toEqual(reportsOf(first)[0]?.matches);
  });

  test('a CycloneDX document is about one target', async () => {
    const ended = await scan(listed(old), listed(fixed), '-o', 'cyclonedx');
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('name one target') });
  });

  test.each([['a file that is not there', 'sbom:nothing.json', 'cannot read nothing.json']])(
    '%s is a mistake of the call',
    async (_, target, why) => {
      expect(await scan(target)).toMatchObject({ code: 2, stderr: expect.stringContaining(why) });
    },
  );

  test('a list that cannot be read is a mistake of the call', async () => {
    writeFileSync(join(folder, 'half.json'), cycloneDx([fixed]).slice(0, -5));
    expect(await scan('sbom:half.json')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('half.json: '),
    });
  });
});
