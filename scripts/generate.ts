/**
 * `npm run generate`: writes the files that are made from the policy schema and the reason codes.
 * `--check` writes nothing and fails when one of them is stale.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { imagePolicyCrd } from '../src/core/policy/crd/crd.ts';
import { trustRootCrd } from '../src/core/trust-root/crd.ts';
import { renderPolicyFields, renderTrustRootFields } from './render-fields.ts';
import { renderReasons } from './render-reasons.ts';

const root = join(import.meta.dirname, '..');

const renderCrd = (source: string, crd: object): string =>
  `# Generated from ${source} by \`npm run generate\`. Do not edit.\n${stringify(crd, { aliasDuplicateObjects: false, lineWidth: 110 })}`;

/** Path from the root of the repository, and what the file must hold. */
export const generatedFiles: readonly (readonly [string, () => string])[] = [
  [
    'deploy/crds/imagegate.dev_imagepolicies.yaml',
    () => renderCrd('src/core/policy/schema/schema.ts', imagePolicyCrd()),
  ],
  [
    'deploy/crds/imagegate.dev_trustroots.yaml',
    () => renderCrd('src/core/trust-root/schema.ts', trustRootCrd()),
  ],
  ['docs/policy-fields.md', renderPolicyFields],
  ['docs/trust-root-fields.md', renderTrustRootFields],
  ['docs/reasons.md', renderReasons],
];

/** The generated files that are missing or differ from what their sources say. */
export const staleFiles = async (): Promise<readonly string[]> => {
  const stale: string[] = [];
  for (const [path, render] of generatedFiles) {
    const present = await readFile(join(root, path), 'utf8').catch(() => undefined);
    if (present !== render()) stale.push(path);
  }
  return stale;
};

const main = async (check: boolean): Promise<void> => {
  const stale = await staleFiles();
  if (check) {
    for (const path of stale) console.error(`${path} is stale: run \`npm run generate\``);
    process.exitCode = stale.length === 0 ? 0 : 1;
    return;
  }
  for (const [path, render] of generatedFiles) {
    if (!stale.includes(path)) continue;
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), render());
    console.log(`wrote ${path}`);
  }
};

if (import.meta.main) await main(process.argv.includes('--check'));
