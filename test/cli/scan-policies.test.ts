import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ScanVerdict } from '../../src/cli/scan/policy-verdict.ts';
import type { ScanReport } from '../../src/core/vulnerability/report/scan-report.ts';
import { cycloneDx, listFor } from '../fakes/advisories.ts';
import { file, layerOf, pythonPackage } from '../fakes/image-layout.ts';
import { image } from '../fakes/registry/registry-content.ts';
import { policyFolder, policyText } from './policies.ts';
import { fixed, jinja, old, reportsOf, stageScan } from './scan-stage.ts';

const stage = stageScan(jinja);
const { scan, folder, data } = stage;

describe('scan --policies', () => {
  const policies = (more: object = {}, spec: object = {}): string =>
    policyFolder(
      policyText('holes', {
        checks: [
          {
            vulnerabilities: {
              max: { critical: 0 },
              evidence: [{ sbom: { unsigned: true } }],
              unscanned: 'Deny',
              gaps: 'Warn',
              ...more,
            },
          },
        ],
        ...spec,
      }),
    );
  const pushed = (tag: string, ...purls: readonly string[]): string => {
    const made = image({ layers: [layerOf(file(tag), pythonPackage('good', '1.0'))] });
    stage.registry.registry.push('team/judged', made, tag);
    if (purls.length > 0) stage.registry.registry.push('team/judged', listFor(made, cycloneDx(purls)));
    return `${stage.registry.host}/team/judged:${tag}`;
  };
  const accepted = { accept: [{ id: 'CVE-2026-1000', until: '2999-01-01' }] };

  test.each<[string, readonly string[], string, readonly string[], number, readonly string[]]>([
    ['what they refuse ends with 1', [old], policies(), [], 1, ['vulnerable']],
    ['what they accept passes, whatever scan counts', [old], policies(accepted), [], 0, []],
    ['a gap of which they only warn', [fixed, 'pkg:npm/a@1.0.0'], policies(), [], 0, ['vulnerability-gap']],
    [
      'and with --fail-on warn',
      [fixed, 'pkg:npm/a@1.0.0'],
      policies(),
      ['--fail-on', 'warn'],
      1,
      ['vulnerability-gap'],
    ],
    ['no list', [], policies(), [], 1, ['vulnerabilities-unscanned']],
    // No policy speaks of it there, which is only recorded.
    [
      'another namespace',
      [old],
      policies({}, { match: { namespaces: { include: ['shop'] } } }),
      ['-n', 'b'],
      0,
      ['unmatched'],
    ],
  ])('%s', async (title, purls, folder, flags, code, codes) => {
    const reference = pushed(title.replaceAll(/\W+/g, '-'), ...purls);
    const ended = await scan(reference, '--policies', folder, ...flags, '-o', 'json');
    const [report] = reportsOf(ended) as readonly { readonly verdict?: ScanVerdict }[];
    expect({ code: ended.code, codes: report?.verdict?.findings.map((one) => one.code) }).toEqual({
      code,
      codes,
    });
    const call = ['check', 'image', reference, '--policies', folder, '--data', data];
    const judged = await stage.registry.run([...call, ...stage.registry.config, ...flags]);
    expect(judged.code).toBe(code);
  });

  test('the table ends with what they say, and SARIF holds their findings', async () => {
    const reference = pushed('table', old);
    const ended = await scan(
      reference,
      '--policies',
      policies(),
      '-o',
      'table',
      '-o',
      'sarif=policies.sarif',
    );
    expect(ended.stdout).toMatch(/^CVE-2026-1000 .*\n\nVERDICT .*\ndenied .* holes .* vulnerable: /m);
    expect(readFileSync(join(folder, 'policies.sarif'), 'utf8')).toContain(
      'has more vulnerabilities than the policy allows',
    );
  });

  test('V17: what they accept is still shown: who accepts it, until when, and for which package', async () => {
    const reference = pushed('accepted-by', old);
    const row = { ...accepted.accept[0], reason: 'not reachable' };
    const rules = policies({ accept: [row] });
    const whole = await scan(reference, '--policies', rules, '-o', 'json', '-o', 'table=accepted.txt');
    expect(whole.code).toBe(0);
    expect(reportsOf(whole)[0]?.vulnerabilities).toMatchObject([
      { id: 'CVE-2026-1000', accepted: true, acceptedBy: [{ policy: 'holes', ...row }], counted: false },
    ]);
    expect(readFileSync(join(folder, 'accepted.txt'), 'utf8')).toContain(
      'accepted by holes until 2999-01-01',
    );
    const part = policies({ accept: [{ ...row, package: 'pkg:pypi/another' }] });
    const refused = await scan(reference, '--policies', part, '-o', 'json');
    expect(refused.code).toBe(1);
    const [found] = reportsOf(refused)[0]?.vulnerabilities ?? [];
    expect(found).not.toHaveProperty('accepted');
    expect(found).not.toHaveProperty('acceptedBy');
  });

  test('layers are read once, for the report and for them', async () => {
    const made = image({ layers: [layerOf(file('once'), pythonPackage('jinja2', '2.10'))] });
    stage.registry.registry.push('team/judged', made, 'once');
    const layer = made.blobs[1]?.digest ?? '';
    const rules = policies({ evidence: [{ catalog: {} }] });
    const ended = await scan(`${stage.registry.host}/team/judged:once`, '--policies', rules, '-o', 'json');
    expect(ended.code).toBe(1);
    const [report] = reportsOf(ended) as readonly (ScanReport & { readonly verdict?: ScanVerdict })[];
    expect(report?.vulnerabilities).toHaveLength(1);
    expect(report?.verdict?.findings.map(({ code }) => code)).toEqual(['vulnerable']);
    const asked = stage.registry.registry.requests.filter(({ path }) => path.includes(layer));
    expect(asked.filter(({ method }) => method === 'GET')).toHaveLength(1);
  });

  test('V1: an image at which nobody could look ends with 3, also where they ask only for names', async () => {
    const names = policyFolder(policyText('names', { checks: [{ tags: { deny: ['latest'] } }] }));
    expect((await scan(`${stage.registry.host}/team/judged:gone`, '--policies', names)).code).toBe(3);
  });

  test.each<[string, string, readonly string[], string]>([
    ['a list in a file without a name', 'sbom:a.json', ['--policies', '.'], 'such as --name registry'],
    ['an image in a file without a name', 'tar:a.tar', ['--policies', '.'], 'match images by their name'],
    ['a name of an image in a registry', 'a', ['--policies', '.', '--name', 'b'], 'has its own name'],
    ['a name that is none', 'sbom:a', ['--policies', '.', '--name', 'B'], "'B' is no image reference"],
    ['a name alone', 'sbom:a.json', ['--name', 'b'], 'it needs --policies'],
    ['other advisories', 'a', ['--policies', '.', '--advisories', '.'], 'leave --advisories out'],
    ['a namespace alone', 'a', ['-n', 'shop'], 'it needs --policies'],
    ['no policies there', 'a', ['--policies', 'nowhere'], 'nowhere'],
  ])('%s is a mistake of the call', async (_, target, flags, why) => {
    expect(await scan(target, ...flags)).toMatchObject({ code: 2, stderr: expect.stringContaining(why) });
  });
});
