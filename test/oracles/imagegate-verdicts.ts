import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { imagegate } from '../e2e/harness/imagegate.ts';
import type { RegistryRow } from '../../src/config/registries/registry-rows.ts';

export interface Asked {
  /** For whatever has to lie in a file. */
  readonly folder: string;
  readonly rows: readonly RegistryRow[];
  /** PEM of the key that has to have signed what lies in the folder of the same name, on every registry. */
  readonly keys: Readonly<Record<string, string>>;
  readonly images: readonly string[];
}

/** Images a process: a record holds no more. */
const atOnce = 50;

/** What `imagegate check image` says of each, in order; `codes` of what is refused. */
export const imagegateVerdicts = async ({
  folder,
  rows,
  keys,
  images,
}: Asked): Promise<readonly { readonly allowed: boolean; readonly codes: readonly string[] }[]> => {
  const policies = join(folder, 'policies');
  const config = join(folder, 'config.yaml');
  mkdirSync(policies, { recursive: true });
  writeFileSync(config, stringify({ registries: rows }));
  for (const [name, pem] of Object.entries(keys)) {
    writeFileSync(join(policies, `${name}.yaml`), stringify(policyOf(name, pem, rows)));
  }
  const verdicts = [];
  for (let from = 0; from < images.length; from += atOnce) {
    const some = images.slice(from, from + atOnce);
    const args = ['check', 'image', ...some, '--policies', policies, '--config', config, '-o', 'json'];
    const { code, stdout, stderr } = await imagegate(args);
    // 3 would mean that something could not be looked at, which no case here is about.
    if (code !== 0 && code !== 1) throw new Error(`check image ended with ${code}: ${stderr}\n${stdout}`);
    const { items } = JSON.parse(stdout) as { items: { allowed: boolean; findings: { code: string }[] }[] };
    if (items.length !== some.length)
      throw new Error(`check image answered ${items.length} of ${some.length}`);
    verdicts.push(
      ...items.map(({ allowed, findings }) => ({ allowed, codes: findings.map((one) => one.code) })),
    );
  }
  return verdicts;
};

const policyOf = (name: string, pem: string, rows: readonly RegistryRow[]): object => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'ImagePolicy',
  metadata: { name },
  spec: {
    match: { images: rows.map(({ host }) => `${host}/${name}/**`) },
    checks: [{ signature: { authorities: [{ name, key: { pem } }] } }],
  },
});
