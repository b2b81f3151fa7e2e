import { expect, test } from 'vitest';
import { parseReference } from '../image/reference.ts';
import { compileCheck } from './index.ts';

const codes = (registries: object, image: string): readonly string[] => {
  const check = compileCheck({ registries } as Parameters<typeof compileCheck>[0], []);
  const parsed = parseReference(image);
  if (!check.ok || !parsed.ok) throw new Error(`a mistake of the test: ${image}`);
  return check.value.run(parsed.value).map(({ code }) => code);
};

test.each([
  ['R7: an allowed registry passes', { allow: ['a.io/**'] }, 'a.io/team/x:1', []],
  ['R7: another registry does not', { allow: ['a.io/**'] }, 'b.io/team/x:1', ['registry-not-allowed']],
  [
    'R7: allow and platform add up',
    { allow: ['a.io/**'], platform: ['cr.l5d.io/linkerd/*'] },
    'cr.l5d.io/linkerd/proxy:1',
    [],
  ],
  [
    'R7: deny wins over allow',
    { allow: ['a.io/**'], deny: ['a.io/bad/**'] },
    'a.io/bad/x:1',
    ['registry-denied'],
  ],
  [
    'R7: deny wins over platform',
    { allow: [], platform: ['a.io/**'], deny: ['a.io/**'] },
    'a.io/x/y:1',
    ['registry-denied'],
  ],
  [
    'R7: an empty allow list allows nothing beyond platform',
    { allow: [], platform: ['a.io/**'] },
    'b.io/x:1',
    ['registry-not-allowed'],
  ],
  ['R7: no allow rule lets other registries pass', { deny: ['a.io/**'] }, 'b.io/x:1', []],
  [
    'R7: requireHost refuses a short name',
    { allow: ['docker.io/library/*'], requireHost: true },
    'nginx',
    ['host-missing'],
  ],
  [
    'R7: requireHost accepts the same image with its host',
    { allow: ['docker.io/library/*'], requireHost: true },
    'docker.io/nginx',
    [],
  ],
  [
    'all that is wrong is reported',
    { allow: ['a.io/**'], requireHost: true },
    'nginx',
    ['registry-not-allowed', 'host-missing'],
  ],
  [
    'B20: a look-alike host is another registry',
    { allow: ['registry.example.com/**'] },
    'registry.example.com.evil.io/x:1',
    ['registry-not-allowed'],
  ],
  [
    'B20: a trusted name as a path of another registry',
    { allow: ['registry.example.com/**'] },
    'evil.io/registry.example.com/x:1',
    ['registry-not-allowed'],
  ],
  ['B21: a short name is its full name', { allow: ['docker.io/library/*'] }, 'nginx', []],
])('%s', (_title, registries, image, want) => {
  expect(codes({ platform: [], deny: [], requireHost: false, ...registries }, image)).toEqual(want);
});

const remedyFor = (...allowLists: readonly (readonly string[])[]): string | undefined => {
  const all = allowLists.map((allow) => ({
    registries: { allow: [...allow], platform: ['p.io/**'], deny: [], requireHost: false },
  }));
  const check = compileCheck(all[0]!, all);
  const parsed = parseReference('b.io/x');
  if (!check.ok || !parsed.ok) throw new Error('a mistake of the test');
  return check.value.run(parsed.value)[0]?.remedy;
};

test('the remedy names what is allowed for those who deploy, not what the platform runs', () => {
  expect(remedyFor(['a.io/**'])).toBe(
    "use an image from a.io/**, or ask the policy's owner to allow this one",
  );
  expect(remedyFor([])).toContain('allows no registry beyond those of the platform');
});

test('the remedy of one allow list beside another does not send people to and fro', () => {
  const remedy = remedyFor(['a.io/**'], ['c.io/**']);
  expect(remedy).toContain('an image has to be in each, here a.io/**');
  expect(remedy).toContain('its owner has to write them into one list');
  expect(remedy).not.toContain('use an image from');
});
