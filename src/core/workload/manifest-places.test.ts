import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readManifestObjects } from './manifest.ts';
import { stepsOf } from './object-path.ts';
import type { Place } from '../text/parsed-text.ts';

/** Stands before the value whose place is asked for. */
const here = '§';

const placeOfMark = (text: string): Place => {
  const before = text
    .slice(0, text.indexOf(here))
    .replace(/^\uFEFF/, '')
    .split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
};

const objectsOf = (text: string) => {
  const read = readManifestObjects(text, 'x.yaml');
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value.objects;
};

const placeIn = (text: string, object: number, path: string): Place => {
  const found = objectsOf(text)[object];
  if (found === undefined) throw new Error('no such object');
  return found.places()(stepsOf(path));
};

const image = 'spec.containers[0].image';
const pod = 'apiVersion: v1\nkind: Pod\n';
const json = (value: string): string =>
  `{"apiVersion": "v1", "kind": "Pod",\n "spec": {"containers": [{"name": "a {[\\"", "image": ${value}}]}}`;

describe('the place of a value is where its text stands', () => {
  test.each<[string, string, number, string]>([
    ['a plain scalar', `${pod}spec:\n  containers:\n  - name: a\n    image: §nginx\n`, 0, image],
    ['a quoted one', `${pod}spec:\n  containers:\n  - name: a\n    image:   §"nginx" # c\n`, 0, image],
    ['a flow map', `${pod}spec: { containers: [ { name: a, image: §nginx } ] }\n`, 0, image],
    ['a block', `${pod}spec:\n  containers:\n  - image: §>-\n      nginx\n`, 0, image],
    [
      'after lines that end in CR LF',
      `${pod}spec:\n  containers:\n  - image: §x\n`.replaceAll('\n', '\r\n'),
      0,
      image,
    ],
    ['after a byte order mark', `\uFEFF${pod}spec: { containers: [ { image: §x } ] }`, 0, image],
    ['after wide characters', `${pod}spec: { a: "\u{1f600}ä", containers: [ { image: §x } ] }`, 0, image],
    ['an anchor elsewhere', `${pod}x: &i §nginx\nspec: { containers: [ { image: *i } ] }\n`, 0, image],
    [
      'what a merge brings',
      `${pod}x: &c { image: §nginx }\nspec: { containers: [ { <<: *c, name: a } ] }\n`,
      0,
      image,
    ],
    [
      'what stands over a merge',
      `${pod}x: &c { image: no }\nspec: { containers: [ { <<: *c, image: §y } ] }\n`,
      0,
      image,
    ],
    [
      'the later of two anchors of one name',
      `${pod}x: &i no\ny: &i §nginx\nspec: { containers: [ { image: *i } ] }\n`,
      0,
      image,
    ],
    ['the second document', `${pod}---\n# c\n${pod}spec:\n  containers:\n  - image: §x\n`, 1, image],
    ['after ...', `${pod}...\n${pod}spec: { containers: [ { image: §x } ] }\n`, 1, image],
    ['a value of the wrong shape', `${pod}spec:\n  containers: §5\n`, 0, 'spec.containers'],
    ['what is null', `${pod}spec:\n  containers: §~\n`, 0, 'spec.containers'],
    ['a key that is no field name', `${pod}spec:\n  "a.b c": { image: §x }\n`, 0, 'spec["a.b c"].image'],
    ['what is missing: the last value that is there', `${pod}spec:\n  containers:\n  - §name: a\n`, 0, image],
    ['a key of digits', `${pod}spec: { b: 1, "10": { image: §x }, "9": 2 }\n`, 0, 'spec["10"].image'],
    ['a key called __proto__', `${pod}spec: { __proto__: { image: §x } }\n`, 0, 'spec.__proto__.image'],
    [
      'what a merge brings from the first of several',
      `${pod}x: &c { image: §a }\ny: &d { image: b }\nspec: { containers: [ { <<: [*c, *d], name: a } ] }\n`,
      0,
      image,
    ],
    [
      'what a merge brings of an alias',
      `${pod}i: &i §nginx\nx: &c { image: *i }\nspec: { containers: [ { <<: *c } ] }\n`,
      0,
      image,
    ],
    ['a merge in place', `${pod}spec: { containers: [ { <<: { image: §x } } ] }\n`, 0, image],
    ['a map that is an alias', `${pod}x: &c §{ name: a }\nspec: { containers: [ *c ] }\n`, 0, image],
    ['a list that is too short', `${pod}spec:\n  containers: §[]\n`, 0, 'spec.containers[3].image'],
    ['no path at all', `\n${here}${pod}`, 0, ''],
    ['JSON', json('§"nginx"'), 0, image],
    ['JSON with an escape', json('§"ngin\\u0078"'), 0, image],
    ['a number in JSON', json('§5'), 0, image],
    [
      'a missing field in JSON',
      json('1').replace('{"name"', '§{"name"').replace(', "image": 1', ''),
      0,
      image,
    ],
    ['JSON one after another on a line', `${json('1')}${json('§"x"')}`, 1, image],
    ['JSON between separators', `${json('1')}\n---\n${json('§"x"')}`, 1, image],
    ['an escaped key in JSON', json('§"x"').replace('"image"', '"im\\u0061ge"'), 0, image],
  ])('%s', (_title, marked, object, path) => {
    expect(placeIn(marked.replace(here, ''), object, path)).toEqual(placeOfMark(marked));
  });
});

describe('an item of a list has its own line', () => {
  const list = (items: string): string => `apiVersion: v1\nkind: List\nitems:\n${items}`;
  const item = `  apiVersion: v1\n  kind: Pod\n  spec: { containers: [ { image: x } ] }\n`;
  const items = (text: string) =>
    objectsOf(text.replaceAll(here, '')).map(({ line, column }) => ({ line, column }));
  const marks = (text: string) =>
    [...text.matchAll(new RegExp(here, 'g'))].map(({ index }, at) => {
      const plain = text.slice(0, index).replaceAll(here, '');
      return placeOfMark(`${plain}${here}${String(at)}`);
    });
  test.each<[string, string]>([
    ['block', list(`- ${here}${item.trimStart()}- ${here}${item.trimStart()}`)],
    ['flow', `{ apiVersion: v1, kind: PodList, items: [ §{ spec: {} }, §{ spec: {} } ] }`],
    ['one that is an alias', list(`- &a\n  ${here}${item.trimStart()}- ${here}*a\n`)],
    [
      'a list that is an alias',
      `x: &l\n- ${here}${item.trimStart()}\napiVersion: v1\nkind: List\nitems: *l\n`,
    ],
    ['JSON on one line', `{"apiVersion":"v1","kind":"PodList","items":[§{"spec":{}},§{"spec":{}}]}`],
    ['a list in a list', list(`- apiVersion: v1\n  kind: PodList\n  items:\n  - §spec: {}\n  - §spec: {}\n`)],
  ])('%s', (_title, text) => expect(items(text)).toEqual(marks(text)));

  test('and what is in an item has its own place', () => {
    const text = list(`- ${item.trimStart()}- ${item.trimStart().replace('image: x', `image: ${here}y`)}`);
    expect(placeIn(text.replace(here, ''), 1, image)).toEqual(placeOfMark(text));
  });
  test('what an item brings by an alias stands at its anchor', () => {
    const text = list(`- &a\n${item.replace('image: x', `image: ${here}x`)}- *a\n`);
    expect(placeIn(text.replace(here, ''), 1, image)).toEqual(placeOfMark(text));
  });
});

test('many aliases do not make the search slow', () => {
  const count = 20_000;
  const text = `apiVersion: v1\nkind: List\nitems:\n- &a { apiVersion: v1, kind: Pod }\n${'- *a\n'.repeat(count)}`;
  expect(placeIn(text, count, 'kind')).toMatchObject({ line: 4 });
}, 20_000);

test('a place is found without looking at the rest of a long line', () => {
  const text = `{"apiVersion":"v1","kind":"Pod","a":1,"pad":"${'x'.repeat(40_000_000)}"}`;
  const [object] = objectsOf(text);
  for (let round = 0; round < 5_000; round++) expect(object!.places()(['a']).line).toBe(1);
}, 10_000);

test('every value of an object has the place at which it begins, as YAML and as JSON', () => {
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.string({ maxLength: 6 }),
      fc.integer(),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), tie('node'), { maxKeys: 3 }),
    ),
  })).node;
  fc.assert(
    fc.property(value, fc.constantFrom(0, 1, 2), (data, indent) => {
      const text = JSON.stringify({ apiVersion: 'v1', kind: 'Thing', data }, undefined, indent);
      for (const source of [text, `# yaml\n${text}`]) {
        const lines = source.split('\n');
        const look = (found: unknown, path: string): void => {
          const { line, column } = placeIn(source, 0, path);
          const written = (lines[line - 1] ?? '').slice(column - 1);
          if (Array.isArray(found)) {
            expect(written.startsWith('[')).toBe(true);
            for (const [at, one] of found.entries()) look(one, `${path}[${String(at)}]`);
          } else if (typeof found === 'object' && found !== null) {
            expect(written.startsWith('{')).toBe(true);
            for (const [key, one] of Object.entries(found)) look(one, `${path}.${key}`);
          } else expect(written.startsWith(JSON.stringify(found))).toBe(true);
        };
        look(data, 'data');
      }
    }),
    { numRuns: 200 },
  );
});

test('a place is the same whatever was asked before it', () => {
  const value = {
    kind: 'Pod',
    apiVersion: 'v1',
    'a "quoted" \\ key': { '': [[], {}, 'x"]', 1.5, null, true] },
    spec: { containers: [{ image: 'a' }, { name: 'b', image: 'b' }], volumes: [] },
  };
  const text = JSON.stringify(value, null, 2);
  const paths: readonly (readonly (string | number)[])[] = [
    ['kind'],
    ['a "quoted" \\ key', '', 5],
    ['a "quoted" \\ key', '', 2],
    ['a "quoted" \\ key', '', 9],
    ['spec', 'containers', 1, 'image'],
    ['spec', 'containers', 0, 'image'],
    ['spec', 'containers', 2],
    ['spec', 'volumes', 0],
    ['spec', 'lacking'],
    ['apiVersion'],
    [],
  ];
  const open = () => {
    const read = readManifestObjects(text, 'f.json');
    if (!read.ok) throw new Error(read.error.why);
    const places = read.value.objects[0]?.places();
    if (places === undefined) throw new Error('no object');
    return places;
  };
  fc.assert(
    fc.property(fc.shuffledSubarray([...paths]), (asked) => {
      const placeOf = open();
      for (const steps of asked) expect(placeOf(steps)).toEqual(open()(steps));
    }),
  );
  const { line, column } = open()(['spec', 'containers', 1, 'image']);
  expect(text.split('\n')[line - 1]?.slice(column - 1)).toBe('"b"');
});
