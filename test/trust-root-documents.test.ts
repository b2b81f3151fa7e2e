import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith, imagegate } from './cli/imagegate.ts';
import { blocks, read, root } from './markdown.ts';

const page = read('docs/trust-roots.md');
const publicGood = readFileSync(join(root, 'src/adapters/trust-root/public-good.json'));
const policy =
  'apiVersion: imagegate.dev/v1alpha1\nkind: ImagePolicy\nmetadata: { name: p }\nspec: { checks: [{ digest: { require: true } }] }\n';
/** The age of the shipped root grows from day to day. */
const withoutAge = (text: string): string => text.replace(/\b\d+d\b/, 'AGEd');

describe('docs/trust-roots.md', () => {
  test('shows what the commands print', async () => {
    const [list = '', verified = ''] = blocks(page, 'text');
    const cwd = folderWith({ 'acme.json': publicGood });
    const printed = await imagegate(['trust', 'list'], { cwd });
    expect(printed.code).toBe(0);
    const columns = (text: string): readonly string[] => withoutAge(text).trim().split(/\s+/);
    expect(columns(list)).toEqual(columns(printed.stdout));
    expect((await imagegate(['trust', 'verify', 'acme.json'], { cwd })).stdout.trim()).toBe(verified.trim());
  });

  test('has a trust root of each kind, and a gate uses them as they stand there', async () => {
    const documents = blocks(page, 'yaml').filter((code) => /^kind: TrustRoot$/m.test(code));
    const cwd = folderWith({
      'acme.json': publicGood,
      'policy.yaml': policy,
      ...Object.fromEntries(documents.map((text, index) => [`root-${index}.yaml`, text])),
    });
    const { code, stdout, stderr } = await imagegate(['trust', 'list', '--policies', '.', '-o', 'json'], {
      cwd,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { roots } = JSON.parse(stdout) as { roots: { name: string; kind: string; source: string }[] };
    expect(roots.map(({ name, kind, source }) => `${name} ${kind} ${source}`)).toEqual([
      'sigstore sigstore shipped',
      'acme sigstore policies',
      'partner x509 policies',
    ]);
  });

  test('tells the message that a broken root gets', async () => {
    const broken = publicGood.toString().replace('"start": "2021-01-12T11:53:27Z"', '');
    const cwd = folderWith({ 'acme.json': broken });
    const { code, stderr } = await imagegate(['trust', 'verify', 'acme.json'], { cwd });
    expect(code).toBe(2);
    const [, message = ''] = /^imagegate: acme\.json: (.*)$/m.exec(stderr) ?? [];
    expect(page).toContain(`\`${message}\``);
  });
});
