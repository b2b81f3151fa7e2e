import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/core/text/json/json.ts';
import { fakeGate, requestFor } from '../fakes/gate.ts';

const gate = fakeGate({
  policies: { fence: { checks: [{ registries: { allow: ['registry.example.com/**'] } }] } },
});
const good = 'registry.example.com/x';
const bad = 'evil.io/x';
const podOf = (spec: object): JsonObject =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec }) as JsonObject;
const update = (before: object, after: object) =>
  gate.admit(requestFor(podOf(after), { operation: 'UPDATE', oldObject: podOf(before) }));
const one = (name: string, image: string) => ({ containers: [{ name, image }] });

test.each<[string, object, object]>([
  [
    'a container of another list has its name',
    one('a', bad),
    { containers: [{ name: 'a', image: good }], initContainers: [{ name: 'a', image: bad }] },
  ],
  [
    'a name spells the path of another list',
    { ...one('a', good), initContainers: [{ name: 'x', image: bad }] },
    one('../spec.initContainers/x', bad),
  ],
  [
    'a volume has its name',
    one('a', bad),
    { ...one('b', good), volumes: [{ name: 'a', image: { reference: bad } }] },
  ],
  [
    'two containers swap their names',
    {
      containers: [
        { name: 'a', image: bad },
        { name: 'b', image: good },
      ],
    },
    {
      containers: [
        { name: 'b', image: bad },
        { name: 'a', image: good },
      ],
    },
  ],
  [
    'the old object names the container twice',
    {
      containers: [
        { name: 'a', image: bad },
        { name: 'a', image: good },
      ],
    },
    one('a', bad),
  ],
  [
    'the old object has a list of another shape',
    { containers: { 0: { name: 'a', image: bad } } },
    one('a', bad),
  ],
  ['the old text ends in white space', one('a', `${bad} `), one('a', bad)],
  ['the name is one of every object', { ...one('a', good) }, one('__proto__', bad)],
  [
    'it becomes an ephemeral container',
    one('a', bad),
    { ...one('a', bad), ephemeralContainers: [{ name: 'a2', image: bad }] },
  ],
])('an image is new although %s (R2)', async (_title, before, after) => {
  expect((await update(before, after)).allowed).toBe(false);
});

test('an image stays unchanged when its container moves within the list (R2)', async () => {
  const decision = await update(
    {
      containers: [
        { name: 'a', image: bad },
        { name: 'b', image: good },
      ],
    },
    {
      containers: [
        { name: 'b', image: good },
        { name: 'a', image: bad },
      ],
    },
  );
  expect(decision).toMatchObject({ allowed: true, skipped: { code: 'unchanged' } });
});
