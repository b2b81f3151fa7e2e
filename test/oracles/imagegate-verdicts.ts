import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { RegistryRow } from '../../src/config/registries/registry-rows.ts';
import { imagegate } from '../e2e/harness/imagegate.ts';

export interface Asked {
  /** For whatever has to lie in a file. */
  readonly folder: string;
  readonly rows: readonly RegistryRow[];
  /** ImagePolicies, and the TrustRoots that they name. */
  readonly policies: readonly object[];
  readonly images: readonly string[];
}

export interface Verdict {
  readonly allowed: boolean;
  /** Of what is refused. */
  readonly codes: readonly string[];
}

export const rowOf = ({ host }: { readonly host: string }): RegistryRow => ({
  host,
  plainHttp: true,
  allowPrivateAddress: true,
});

/** Images a process. */
const atOnce = 50;

/** What `imagegate check image` says of each, in order. */
export const imagegateVerdicts = async (asked: Asked): Promise<readonly Verdict[]> => {
  const folder = mkdtempSync(join(asked.folder, 'asked-'));
  const policies = join(folder, 'policies');
  const config = join(folder, 'config.yaml');
  mkdirSync(policies);
  writeFileSync(config, stringify({ registries: asked.rows }));
  writeFileSync(join(policies, 'all.yaml'), asked.policies.map((one) => stringify(one)).join('---\n'));
  const verdicts: Verdict[] = [];
  for (let from = 0; from < asked.images.length; from += atOnce) {
    const some = asked.images.slice(from, from + atOnce);
    const args = ['check', 'image', ...some, '--policies', policies, '--config', config, '-o', 'json'];
    const { code, stdout, stderr } = await imagegate(args);
    // 3 would mean that something could not be looked at, which no case here is about.
    if (code !== 0 && code !== 1) throw new Error(`check image ended with ${code}: ${stderr}\n${stdout}`);
    const { items } = JSON.parse(stdout) as { items: { allowed: boolean; findings: { code: string }[] }[] };
    if (items.length !== some.length)
      throw new Error(`check image answered ${items.length} of ${some.length}`);
    verdicts.push(
      ...items.map(({ allowed, findings }) => ({ allowed, codes: findings.map(({ code }) => code) })),
    );
  }
  return verdicts;
};

const asSigned = (authorities: readonly object[]): object => ({ signature: { authorities } });

/** Who has to have signed what lies in a folder, on every registry. */
export const folderPolicy = (folder: string, authority: object, checkOf = asSigned): object => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'ImagePolicy',
  metadata: { name: folder },
  spec: {
    // Without a port it is any port of loopback, which is where all registries of the tests are.
    match: { images: [`127.0.0.1/${folder}/**`] },
    checks: [checkOf([{ name: folder, ...authority }])],
  },
});
