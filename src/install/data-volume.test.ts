import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { expect, test } from 'vitest';
import { maxFeedBytes } from '../adapters/advisories/update/read-whole.ts';
import { maxLogBytes } from '../adapters/store/sqlite/file.ts';
import { spareShare } from '../adapters/store/sqlite/space.ts';
import { parseSize } from '../config/values/size.ts';
import { definitions } from '../config/settings/settings.ts';

/** A generation of all feeds, as the bench measures it at most, the one before it, and one that is being built. */
const generations = 3;
const generationBytes = 250 * 2 ** 20;
/** A log grows beyond its limit while a checkpoint waits for a reader. */
const databaseBytes = (rows: number): number => rows * (1 + spareShare) + 2 * maxLogBytes;

/** The gate as `manifests --image` prints it. */
const deployment = parseAllDocuments(
  readFileSync(new URL('./golden/in-cluster.yaml.golden', import.meta.url), 'utf8'),
)
  .map((document) => document.toJS() as Record<string, unknown>)
  .find(({ kind }) => kind === 'Deployment') as {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly args: readonly string[] }[];
        readonly volumes: readonly {
          readonly name: string;
          readonly emptyDir?: { readonly sizeLimit: string };
        }[];
      };
    };
  };
};

test('all that lies under --data fits into its volume, together', () => {
  const { containers, volumes } = deployment.spec.template.spec;
  const limits = (containers[0]?.args ?? []).filter((arg) => /max-bytes|cache/.test(arg));
  // No flag says another size than the defaults that are added up here.
  expect(limits).toEqual([]);
  const { recordMaxBytes, inventoryMaxBytes, evidenceCache } = definitions;
  const used = [
    databaseBytes(recordMaxBytes.fallback),
    databaseBytes(inventoryMaxBytes.fallback),
    evidenceCache.fallback,
    generations * generationBytes,
    // One feed is downloaded at a time.
    maxFeedBytes,
  ].reduce((sum, bytes) => sum + bytes, 0);
  const volume = parseSize(volumes.find(({ name }) => name === 'data')?.emptyDir?.sizeLimit ?? '');
  if (!volume.ok) throw new Error(volume.error);
  expect(used).toBeLessThan(volume.value * 0.9);
  // A volume of any size would pass.
  expect(used).toBeGreaterThan(volume.value * 0.5);
});
