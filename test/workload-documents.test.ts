import { describe, expect, test } from 'vitest';
import { describeConfigProblem } from '../src/config/sources/origin.ts';
import { resolveSettings } from '../src/config/resolve.ts';
import { extractImages } from '../src/core/workload/extract.ts';
import { maxEntries, maxImages } from '../src/core/workload/found-images.ts';
import {
  createWorkloadTable,
  declareKind,
  groupOf,
  type WorkloadTable,
} from '../src/core/workload/kinds/kinds.ts';
import { customWorkloads } from '../src/core/workload/kinds/custom-kinds.ts';
import { rowFields } from '../src/core/workload/kinds/workload-row.ts';
import { readManifestObjects } from '../src/core/workload/manifest.ts';
import { blocks, read, section, spans } from './markdown.ts';

const page = read('docs/workloads.md');

/** The table that a gate with this file for `--config` has. */
const tableOf = (text: string): WorkloadTable => {
  const file = { path: 'gate.yaml', text };
  const settings = resolveSettings(['workloads'] as const, { flags: {}, environment: {}, file });
  if (!settings.ok) throw new Error(settings.error.map(describeConfigProblem).join('\n'));
  return createWorkloadTable(settings.value.config.workloads.value);
};

describe('docs/workloads.md', () => {
  const examples = [...page.matchAll(/^### (Example: .*)$/gm)].map(([heading, title = '']) => ({
    title,
    text: section(page, heading),
  }));

  test('has three examples', () => expect(examples).toHaveLength(3));
  test.each(examples)('$title: finds what it says', ({ text }) => {
    const [rows = '', object = ''] = blocks(text, 'yaml');
    const [found = ''] = blocks(text, 'text');
    const manifest = readManifestObjects(object, 'object.yaml');
    if (!manifest.ok) throw new Error(manifest.error.why);
    const table = tableOf(rows);
    const images = manifest.value.objects.flatMap((document) => {
      const row = table.byKind(groupOf(document.apiVersion), document.kind);
      const result = row === undefined ? undefined : extractImages(row, document.object);
      return result?.ok === true ? result.value.images.map(({ path, given }) => `${path} ${given}`) : [];
    });
    expect(images.length).toBeGreaterThan(1);
    expect(images).toEqual(
      found
        .trim()
        .split('\n')
        .map((line) => line.replaceAll(/ +/g, ' ')),
    );
  });

  test('explains every field of a row, and no other', () => {
    const fields = [...section(page, '## Rows of your own').matchAll(/^\| `(\w+)` +\|/gm)];
    const named = fields.map(([, name]) => name).filter((name) => name !== 'name');
    expect(new Set(named)).toEqual(new Set(rowFields));
  });
  test('has a line for every kind that ships, with its versions, and for no other', () => {
    const lines = section(page, '## Kinds that ship')
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    const said = lines.flatMap((line) => {
      const [, kinds = [], groups = [], versions = []] = line.split('|').map(spans);
      return kinds.map((kind, at) => `${groups[at] ?? groups[0] ?? ''} ${kind} ${versions.join()}`);
    });
    const shipped = customWorkloads.map(
      ({ group, kind, versions = [] }) => `${group} ${kind} ${versions.join()}`,
    );
    expect(said.length).toBe(new Set(said).size);
    expect(new Set(said)).toEqual(new Set(shipped));
  });
  test('gives the limits of the code', () => {
    expect(page).toContain(`${maxImages} images, and at most ${maxEntries.toLocaleString('en')} entries`);
  });
  test('is where every text leads that tells to declare a kind', () => {
    expect(declareKind).toContain('docs/workloads.md');
    expect(read('docs/reasons.md')).toContain('docs/workloads.md');
    const leading = ['operations', 'install', 'troubleshooting', 'fail-open-doors'].map(
      (page) => `docs/${page}.md`,
    );
    expect(
      [...leading, 'README.md'].filter((path) => !/\]\((?:docs\/)?workloads\.md/.test(read(path))),
    ).toEqual([]);
  });
});
