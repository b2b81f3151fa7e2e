import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ok } from '../../core/result.ts';
import { parseFieldPath } from '../../core/workload/field-path.ts';
import { readManifestObjects } from '../../core/workload/manifest.ts';
import { isKustomization } from '../check/foreign-file.ts';
import type { ManifestSource } from '../check/manifest-input.ts';
import { documentImages } from './named-images.ts';
import { pinSource, type LookedUp } from './pin-source.ts';

const digest = `sha256:${'a'.repeat(64)}`;

interface Given {
  readonly path?: string;
  readonly named?: boolean;
  /** `--values-image` */
  readonly paths?: readonly string[];
  readonly refusal?: string;
}

/** Every reference stands for the digest. */
const pin = (text: string, { path = 'values.yaml', named = false, paths = [], refusal }: Given = {}) => {
  const read = readManifestObjects(text, path);
  const objects = read.ok ? read.value.objects.filter((one) => !isKustomization(one)) : [];
  const mark = { target: path, version: '', mode: 0, ...(refusal === undefined ? {} : { refusal }) };
  const source: ManifestSource = { path, named, text, objects, mark };
  const segments = paths.map((one) => {
    const parsed = parseFieldPath(one);
    if (!parsed.ok) throw new Error(parsed.error);
    return parsed.value;
  });
  const { images, used } = documentImages(source, segments);
  const looked = images.map((one): LookedUp => ({
    ...one,
    found:
      one.image.outcome === 'open' ? ok({ text: `${one.image.reference}@${digest}`, digest }) : undefined,
  }));
  return {
    ...pinSource(
      source,
      objects.map(() => []),
      looked,
    ),
    used: used.size,
  };
};

const kustomization = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n';
const inKustomization: Given = { path: 'k/kustomization.yaml' };

describe('images of a kustomization get a digest beside their tag, everything else stays', () => {
  test.each<[string, string, string]>([
    [
      'a block',
      '- name: web # ours\n  newName: r.io/web\n  newTag: v1 # keep\n\n# tail\n',
      `- name: web # ours\n  newName: r.io/web\n  newTag: v1 # keep\n  digest: ${digest}\n\n# tail\n`,
    ],
    ['the tag first', '- newTag: v1\n  name: web\n', `- newTag: v1\n  digest: ${digest}\n  name: web\n`],
    [
      'the tag last, without a line end',
      '- name: a\n  newTag: v1',
      `- name: a\n  newTag: v1\n  digest: ${digest}`,
    ],
    ['quotes', `- name: a\n  newTag: 'v1'\n`, `- name: a\n  newTag: 'v1'\n  digest: '${digest}'\n`],
    ['braces', '- { name: a, newTag: v1 } # c\n', `- { name: a, newTag: v1, digest: ${digest} } # c\n`],
    [
      'JSON',
      '- {"name": "a", "newTag": "1.0"}\n',
      `- {"name": "a", "newTag": "1.0", "digest": "${digest}"}\n`,
    ],
    [
      'an empty digest',
      '- name: a\n  digest: ""\n  newTag: v1\n',
      `- name: a\n  digest: "${digest}"\n  newTag: v1\n`,
    ],
    [
      'a digest without a value',
      '- name: a\n  digest:\n  newTag: v1\n',
      `- name: a\n  digest: ${digest}\n  newTag: v1\n`,
    ],
    [
      'a digest that is null',
      '- name: a\n  digest: ~ # c\n  newTag: v1\n',
      `- name: a\n  digest: ${digest} # c\n  newTag: v1\n`,
    ],
    [
      'several, indented further',
      '    - name: a\n      newTag: v1\n    - name: b\n      newTag: v2\n',
      `    - name: a\n      newTag: v1\n      digest: ${digest}\n    - name: b\n      newTag: v2\n      digest: ${digest}\n`,
    ],
  ])('%s', (_title, before, after) => {
    for (const head of [kustomization, '', `\uFEFF# k\n`]) {
      const text = (images: string): string => `${head}resources: [a.yaml]\nimages:\n${images}`;
      expect(pin(text(before), inKustomization).text).toBe(text(after));
      expect(pin(text(after), inKustomization)).toMatchObject({
        text: text(after),
        counts: { pinned: 0, left: 0 },
      });
      const windows = (images: string): string => text(images).replaceAll('\n', '\r\n');
      expect(pin(windows(before), inKustomization).text).toBe(windows(after));
    }
  });

  test.each<[string, string, string]>([
    ['no tag', '- name: a\n  newName: b\n', 'its tag stands in the manifests'],
    ['a tag that is a number', '- name: a\n  newTag: 1.20\n', 'put it in quotes'],
    ['no name', '- newTag: v1\n', 'it has no name'],
    ['a name that is none', '- name: "A B"\n  newTag: v1\n', 'is no image reference'],
    [
      'a digest that an anchor shares with something else',
      '- { name: a, newTag: v1, digest: &d "" }\nother: *d\n',
      'without changing something else',
    ],
  ])('left, with the reason: %s', (_title, images, why) => {
    const text = `${kustomization}images:\n${images}`;
    const { remarks, counts } = pin(text, inKustomization);
    expect(remarks.join('\n')).toContain(why);
    expect(counts.left).toBeGreaterThan(0);
  });

  test('a Pod in the same file and one in items stay objects', () => {
    const text = `${kustomization}images:\n- name: a\n  newTag: v1\n---\napiVersion: v1\nkind: Pod\n`;
    const { objects, counts } = pin(text, { path: 'x.yaml' });
    expect(counts.pinned).toBe(1);
    expect(objects.map(({ kind, line }) => [kind, line])).toEqual([['Pod', 8]]);
  });
  test('images of another kind are not touched', () => {
    const text =
      'apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nimages:\n- name: a\n  newTag: v1\n';
    expect(pin(text, inKustomization)).toMatchObject({ text, counts: { pinned: 0, left: 0, kept: 0 } });
  });
});

describe('values of a chart', () => {
  test.each<[string, string, string]>([
    [
      'parts with a field for the digest',
      'image: # c\n  registry: r.io\n  repository: web\n  tag: v1\n  digest: ""\n',
      `image: # c\n  registry: r.io\n  repository: web\n  tag: v1\n  digest: "${digest}"\n`,
    ],
    [
      'parts without one: behind the tag, which every chart writes',
      'image:\n  repository: r.io/web\n  tag: "1.20" # x\n  pullPolicy: Always\n',
      `image:\n  repository: r.io/web\n  tag: "1.20@${digest}" # x\n  pullPolicy: Always\n`,
    ],
    ['braces', 'image: { repository: a, tag: v1 }\n', `image: { repository: a, tag: v1@${digest} }\n`],
    ['a text', 'a:\n  b:\n  - image: r.io/web:v1\n', `a:\n  b:\n  - image: r.io/web:v1@${digest}\n`],
    [
      'several at any depth',
      'image: a:1\nsidecars:\n  x: { image: { repository: b, tag: v2, digest: } }\n',
      `image: a:1@${digest}\nsidecars:\n  x: { image: { repository: b, tag: v2, digest: ${digest} } }\n`,
    ],
    [
      'JSON',
      '{"image": {"repository": "a", "tag": "1"}}',
      `{"image": {"repository": "a", "tag": "1@${digest}"}}`,
    ],
    [
      'an anchor of its own',
      'x: &t v1\nimage: { repository: a, tag: *t }\n',
      `x: &t v1@${digest}\nimage: { repository: a, tag: *t }\n`,
    ],
  ])('%s', (title, before, after) => {
    const shared = title.startsWith('an anchor');
    for (const dress of [
      (text: string) => text,
      (text: string) => `\uFEFF# c\n${text}`,
      (text: string) => text.replaceAll('\n', '\r\n'),
      (text: string) => text.trimEnd(),
    ]) {
      const { text, counts } = pin(dress(before));
      // What the anchor marks is another value of the file, which nobody asked to change.
      expect(text).toBe(dress(shared ? before : after));
      expect(counts).toMatchObject(shared ? { pinned: 0, left: 1 } : { left: 0 });
      if (!shared)
        expect(pin(dress(after))).toMatchObject({ text: dress(after), counts: { pinned: 0, left: 0 } });
    }
  });

  test.each<[string, string, string]>([
    ['no tag', 'image: { repository: a }\n', 'it names no tag'],
    ['an empty tag', 'image: { repository: a, tag: "" }\n', 'it names no tag'],
    ['a number', 'image: { repository: a, tag: 1.20 }\n', 'put it in quotes'],
    ['a text without a tag', 'image: nginx\n', 'a chart may add one'],
    ['a tag beside the text', 'image: r.io/a:1\ntag: v1\n', 'its tag stands beside it in tag'],
    ['a template', 'image: "{{ .Values.x }}:1"\n', 'is no image reference'],
    ['another form', 'image: { name: a, tag: v1 }\n', 'name the place with --values-image'],
    [
      'a registry for all',
      'global: { imageRegistry: r.io }\nimage: { repository: a, tag: v1 }\n',
      'global.imageRegistry (r.io)',
    ],
  ])('left as it is, with the reason: %s', (_title, text, why) => {
    const found = pin(text);
    expect(found).toMatchObject({ text, counts: { pinned: 0, left: 1 } });
    expect(found.remarks[0]).toMatch(/^values\.yaml:\d+: .* stays without a digest: /);
    expect(found.remarks[0]).toContain(why);
  });

  test.each<[string, string, string[], string]>([
    ['a text', 'web:\n  container: r.io/a:1\n', ['web.container'], `web:\n  container: r.io/a:1@${digest}\n`],
    ['a text under another name that has no tag', 'img: nginx\n', ['img'], `img: nginx@${digest}\n`],
    [
      'items of a list',
      'all:\n- r.io/a:1\n- r.io/b:2\n',
      ['all[]'],
      `all:\n- r.io/a:1@${digest}\n- r.io/b:2@${digest}\n`,
    ],
    ['every key of a map', 'all: { x: { i: "a:1" } }\n', ['all.*.i'], `all: { x: { i: "a:1@${digest}" } }\n`],
    [
      'parts by other names',
      'web: { hub: r.io, name: a, version: v1 }\n',
      ['web'],
      `web: { hub: r.io, name: a, version: v1@${digest} }\n`,
    ],
    [
      'a text whose tag stands beside it: the map around both',
      'web:\n  image: r.io/a\n  tag: v1\n',
      ['web'],
      `web:\n  image: r.io/a\n  tag: v1@${digest}\n`,
    ],
    ['an image that the chart would complete', 'image: nginx\n', ['image'], `image: nginx@${digest}\n`],
  ])('--values-image leads to %s', (_title, before, paths, after) => {
    expect(pin(before, { paths })).toMatchObject({ text: after, counts: { left: 0 }, used: paths.length });
  });
  test('a path that leads nowhere is known', () => {
    expect(pin('image: r.io/a:1\n', { paths: ['nothing.here'] }).used).toBe(0);
  });

  test.each<[string, Given, boolean]>([
    ['values-prod.yaml', { path: 'a/values-prod.yaml' }, true],
    ['prod-values.yml', { path: 'prod-values.yml' }, true],
    ['another name that was named', { path: 'prod.yaml', named: true }, true],
    ['another name in a folder: a compose file, a pipeline', { path: '.gitlab-ci.yml' }, false],
    ['Chart.yaml', { path: 'Chart.yaml', named: true }, false],
  ])('which files are values: %s', (_title, given, isPinned) => {
    expect(pin('image: r.io/a:1\n', given).counts.pinned).toBe(isPinned ? 1 : 0);
  });

  test('a file that must not be written keeps its text', () => {
    const text = 'image: r.io/a:1\n';
    const found = pin(text, { refusal: 'it is elsewhere' });
    expect(found).toMatchObject({ text, counts: { pinned: 0, left: 1 } });
    expect(found.remarks[0]).toContain('it is elsewhere');
  });
});

test('property: dropping the digests gives the text back, whatever stands around', () => {
  const word = fc.stringMatching(/^[a-z]{2,6}$/);
  const noise = fc.constantFrom('', ' # image: x:1', '\n# c', '\n', '\n\n');
  const entry = fc
    .tuple(word, fc.constantFrom('', '"', "'"), noise, fc.boolean())
    .map(([name, quote, tail, flow]) =>
      flow
        ? `image: { repository: r.io/${name}, tag: ${quote}v1${quote} }${tail}`
        : `image:\n    repository: r.io/${name}\n    tag: ${quote}v1${quote}${tail}\n    pullPolicy: Always`,
    );
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 4 }), fc.boolean(), (entries, windows) => {
      const plain = entries.map((one, at) => `p${String(at)}:\n  ${one}`).join('\n');
      const text = windows ? plain.replaceAll('\n', '\r\n') : plain;
      const found = pin(text);
      expect(found.counts).toEqual({ pinned: entries.length, kept: 0, left: 0 });
      expect(found.text.replaceAll(`@${digest}`, '')).toBe(text);
      expect(pin(found.text)).toMatchObject({ text: found.text, counts: { pinned: 0, left: 0 } });
    }),
    { numRuns: 200 },
  );
});
