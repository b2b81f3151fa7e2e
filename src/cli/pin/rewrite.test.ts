import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseReference } from '../../core/image/reference.ts';
import { extractImages } from '../../core/workload/extract.ts';
import { createWorkloadTable } from '../../core/workload/kinds/kinds.ts';
import { readManifestObjects, type ManifestObject } from '../../core/workload/manifest.ts';
import { rewriteImages, type Rewrite } from './rewrite.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const workloads = createWorkloadTable([]);
const pinnedOf = (given: string): string => `${given}@${digest}`;

const read = (text: string): readonly ManifestObject[] => {
  const manifest = readManifestObjects(text, 'app.yaml');
  if (!manifest.ok) throw new Error(`${manifest.error.line}: ${manifest.error.why}`);
  return manifest.value.objects;
};

/** `docker://…` is a text of its own: the importer that reads it takes no tag beside a digest. */
const isUrl = (path: string): boolean => path.endsWith('.registry.url');

/** Every image of the text that has no digest. */
const rewritesOf = (objects: readonly ManifestObject[]): readonly Rewrite[] =>
  objects.flatMap(({ apiVersion, kind, object: value }, object) => {
    const row = workloads.byKind(apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '', kind);
    const found = row === undefined ? undefined : extractImages(row, value);
    return (found?.ok === true ? found.value.images : [])
      .filter(({ given, path }) => !given.includes('@') && parseReference(given).ok && !isUrl(path))
      .map(({ path, given }) => ({ object, path, given, text: pinnedOf(given) }));
  });

const pin = (text: string) => {
  const objects = read(text);
  return rewriteImages(text, objects, rewritesOf(objects));
};

const pod = (container: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec:\n  containers:\n${container}`;

describe('only the characters of the image change', () => {
  test.each<[string, string, string]>([
    [
      'plain',
      '  - image: nginx:1 # ours\n    name: a\n',
      `  - image: nginx:1@${digest} # ours\n    name: a\n`,
    ],
    ['single quotes', "  - image: 'nginx:1'\n    name: a\n", `  - image: 'nginx:1@${digest}'\n    name: a\n`],
    ['double quotes', '  - image: "nginx:1"\n    name: a\n', `  - image: "nginx:1@${digest}"\n    name: a\n`],
    [
      'an escape',
      '  - image: "nginx\\u003a1"\n    name: a\n',
      `  - image: "nginx:1@${digest}"\n    name: a\n`,
    ],
    ['a flow map', '  - {name: a, image: nginx:1}\n', `  - {name: a, image: nginx:1@${digest}}\n`],
    [
      'a block',
      '  - image: >-\n      nginx:1\n    name: a\n',
      `  - image: >-\n      nginx:1@${digest}\n    name: a\n`,
    ],
    [
      'a block whose comment names the image',
      '  - image: |- # nginx:1\n      nginx:1\n    name: a\n',
      `  - image: |- # nginx:1\n      nginx:1@${digest}\n    name: a\n`,
    ],
    ['a tag', '  - image: !!str nginx:1\n    name: a\n', `  - image: !!str nginx:1@${digest}\n    name: a\n`],
    ['a quoted key', '  - "image": nginx:1\n    name: a\n', `  - "image": nginx:1@${digest}\n    name: a\n`],
    [
      'the next line',
      '  - image:\n      nginx:1\n    name: a\n',
      `  - image:\n      nginx:1@${digest}\n    name: a\n`,
    ],
    ['CRLF', '  - image: nginx:1\r\n    name: a\r\n', `  - image: nginx:1@${digest}\r\n    name: a\r\n`],
    ['no line break at the end', '  - {name: a, image: nginx:1}', `  - {name: a, image: nginx:1@${digest}}`],
    [
      'an anchor, written once',
      '  - { name: a, image: &i nginx:1 }\n  - { name: b, image: *i }\n',
      `  - { name: a, image: &i nginx:1@${digest} }\n  - { name: b, image: *i }\n`,
    ],
    [
      'an anchor that is called like its image',
      '  - { name: a, image: &nginx nginx }\n  - { name: b, image: *nginx }\n',
      `  - { name: a, image: &nginx nginx@${digest} }\n  - { name: b, image: *nginx }\n`,
    ],
    [
      'a merge key',
      '  - &c { name: a, image: nginx:1 }\n  - { <<: *c, name: b }\n',
      `  - &c { name: a, image: nginx:1@${digest} }\n  - { <<: *c, name: b }\n`,
    ],
    [
      'a digest that is there already',
      `  - { name: a, image: nginx@${digest} }\n`,
      `  - { name: a, image: nginx@${digest} }\n`,
    ],
    [
      'another text that is equal',
      '  - { name: a, image: x, args: [x] }\n',
      `  - { name: a, image: x@${digest}, args: [x] }\n`,
    ],
  ])('%s', (_title, before, after) => {
    const text = pod(before);
    expect(pin(text)).toMatchObject({ text: pod(after), missed: [] });
  });

  test('an anchor outside of the containers', () => {
    const text = (image: string): string =>
      `apiVersion: v1\nkind: Pod\nx-image: &i ${image}\nspec: { containers: [ { name: a, image: *i } ] }\n`;
    expect(pin(text('nginx'))).toMatchObject({ text: text(`nginx@${digest}`), missed: [] });
  });

  test('several documents with comments, a list, other kinds, every list of containers', () => {
    const text = (suffix: string): string => `# head
apiVersion: v1
kind: ConfigMap
data: { image: "nginx:1", text: "image: nginx:1" } # not an image
---
apiVersion: batch/v1   # odd   spacing
kind: CronJob
spec:
  jobTemplate: { spec: { template: { spec: {
    initContainers: [ { image: i${suffix}, name: i } ],
    containers: [ { "name": c, "image": 'c:1${suffix}' } ],
    volumes: [ { name: v, image: { reference: v${suffix}, pullPolicy: Always } }, { name: r, rbd: { image: r } } ] } } } }

---
# nothing here
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Pod
    spec:
      containers:
      - name: a
        image: list:1${suffix}
  - { apiVersion: v1, kind: Service, spec: { image: nginx:1 } }
--- # tail
apiVersion: v1
kind: PodList
items: [ { spec: { containers: [ { name: t, image: typed${suffix} } ] } } ]
`;
    expect(pin(text(''))).toMatchObject({ text: text(`@${digest}`), missed: [] });
  });

  test.each([
    ['indented', (image: string) => JSON.stringify(podOf(image), undefined, 2)],
    ['on one line', (image: string) => JSON.stringify(podOf(image))],
    ['a list', (image: string) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [podOf(image)] })],
    ['a stream', (image: string) => `${JSON.stringify(podOf('x@'))}\n${JSON.stringify(podOf(image))}`],
    [
      'between ---',
      (image: string) => `${JSON.stringify(podOf(image))}\n---\n${JSON.stringify(podOf(image))}\n`,
    ],
    ['after a byte order mark', (image: string) => `\uFEFF${JSON.stringify(podOf(image))}`],
    ['with an escape before it', (image: string) => JSON.stringify({ 'a"\\': '\u2028"{[', ...podOf(image) })],
  ])('JSON %s', (_title, text) => {
    expect(pin(text('nginx:1'))).toMatchObject({ text: text(`nginx:1@${digest}`), missed: [] });
  });

  test('JSON with an escape in the image', () => {
    const text = JSON.stringify(podOf('r.io/a')).replace('r.io/a', 'r.io\\/a');
    expect(pin(text)).toMatchObject({ text: JSON.stringify(podOf(pinnedOf('r.io/a'))), missed: [] });
  });
});

const podOf = (image: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  spec: { containers: [{ name: 'a', image }] },
});

const fixtures = ['workloads', 'manifests'].flatMap((folder) => {
  const place = join(import.meta.dirname, '..', '..', '..', 'test', 'fixtures', folder);
  return readdirSync(place)
    .filter((file) => /\.(ya?ml|json)$/.test(file) && file !== 'yaml-scalars.json')
    .map((file) => join(place, file));
});

describe('every fixture: dropping the digests gives the text back, and every image has one', () => {
  test.each(fixtures.map((file) => [basename(file), file]))('%s', (_title, file) => {
    const text = readFileSync(file, 'utf8');
    const { text: now, objects, missed } = pin(text);
    expect(missed).toEqual([]);
    expect(rewritesOf(objects)).toEqual([]);
    expect(now.replaceAll(`@${digest}`, '')).toBe(text);
  });
  test('and most of them hold images', () => {
    const changed = fixtures.filter((file) => {
      const text = readFileSync(file, 'utf8');
      return pin(text).text !== text;
    });
    expect(changed.length).toBeGreaterThan(30);
  });
});

describe('what cannot be placed is left alone and named', () => {
  test('an image inside of a URL', () => {
    const text = 'apiVersion: v1\nkind: Pod\nspec: { registry: { url: docker://r.io/a:1 } }\n';
    const rewrite = { object: 0, path: 'spec.registry.url', given: 'r.io/a:1', text: pinnedOf('r.io/a:1') };
    expect(rewriteImages(text, read(text), [rewrite])).toMatchObject({ text, missed: [rewrite] });
  });
  test('a text that is not where it should be', () => {
    const text = pod('  - { name: a, image: nginx }\n');
    const rewrite = { object: 0, path: 'spec.containers[1].image', given: 'nginx', text: 'x' };
    expect(rewriteImages(text, read(text), [rewrite])).toMatchObject({ text, missed: [rewrite] });
  });
  test('another text at the place', () => {
    const text = pod('  - { name: a, image: nginx }\n');
    const rewrite = { object: 0, path: 'spec.containers[0].image', given: 'other', text: 'x' };
    expect(rewriteImages(text, read(text), [rewrite])).toMatchObject({ text, missed: [rewrite] });
  });
  test('objects that are not those of the text', () => {
    const text = pod('  - { name: a, image: nginx }\n');
    const objects = read(`${text}---\n${text}`);
    expect(rewriteImages(text, objects, rewritesOf(objects))).toMatchObject({ text });
  });
  test('a new text that would not be read as it was meant', () => {
    const text = pod('  - { name: a, image: nginx }\n');
    const rewrite = { object: 0, path: 'spec.containers[0].image', given: 'nginx', text: 'a, b: c' };
    expect(rewriteImages(text, read(text), [rewrite])).toMatchObject({ text, missed: [rewrite] });
  });
});

describe('property', () => {
  const name = fc.stringMatching(/^[a-z]{1,6}(?:\/[a-z]{1,4})?(?::[a-z0-9]{1,3})?$/);
  const quoted = fc.constantFrom(
    (t: string) => t,
    (t: string) => `'${t}'`,
    (t: string) => `"${t}"`,
  );
  const comment = fc.constantFrom('', ' # c', '\n  # image: nginx', '\n');
  const container = fc.tuple(name, quoted, comment).map(([image, quote, tail]) => ({
    text: `  - image: ${quote(image)}${tail}\n    name: c`,
    image,
    quote,
  }));
  test('pinning twice changes nothing, and dropping the digests gives the text back', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(container, { minLength: 1, maxLength: 5, selector: ({ image }) => image }),
        (parts) => {
          const body = parts
            .map(({ text }, at) => text.replace(/name: c$/, `name: c${String(at)}`))
            .join('\n');
          // A name such as `yes` or `1` is no text without quotes, and no image then.
          fc.pre(readable(pod(`${body}\n`)));
          const text = pod(`${body}\n`);
          const once = pin(text);
          expect(once.missed).toEqual([]);
          expect(once.text.replaceAll(`@${digest}`, '')).toBe(text);
          expect(pin(once.text).text).toBe(once.text);
          expect(rewritesOf(once.objects)).toEqual([]);
        },
      ),
    );
  });
});

const readable = (text: string): boolean => {
  const manifest = readManifestObjects(text, 'app.yaml');
  if (!manifest.ok) return false;
  const [object] = manifest.value.objects;
  const row = workloads.byKind('', 'Pod');
  return object !== undefined && row !== undefined && extractImages(row, object.object).ok;
};
