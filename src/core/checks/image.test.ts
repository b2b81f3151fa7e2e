import { describe, expect, test } from 'vitest';
import { day, imageFacts, judgedAt, platformImage } from '../../../test/fakes/image-facts.ts';
import { amd64, codes, compiled, inNamespace, judge } from '../../../test/fakes/judge-image.ts';
import { absent, known, unavailable, type Fact } from '../facts/fact.ts';
import type { Labels } from '../policy/match/label-selector.ts';

describe('user: NonRoot', () => {
  test.each([
    ['a number passes', '65532', []],
    ['a number with a group passes', '65532:65532', []],
    ['a name passes', 'nobody', []],
    ['a number with the group 0 passes, as with the kubelet', '1000:0', []],
    ['no user is root', '', ['image-user-root']],
    ['blanks are no user', '  ', ['image-user-root']],
    ['a name behind a blank is somebody else to each runtime', ' app', ['image-user-root']],
    ['root before a tabulator is root to whoever trims', 'root\t', ['image-user-root']],
    ['0 is root', '0', ['image-user-root']],
    ['0 with a group is root', '0:1000', ['image-user-root']],
    ['a group alone is root', ':1000', ['image-user-root']],
    ['root is root', 'root', ['image-user-root']],
    ['root with a group is root', 'root:nobody', ['image-user-root']],
    ['root behind a blank is root', ' root', ['image-user-root']],
    ['00 is root: runtimes read it as a number', '00', ['image-user-root']],
    ['+0 is root: runtimes read it as a number', '+0', ['image-user-root']],
    ['-0 is root: runtimes read it as a number', '-0', ['image-user-root']],
    ['a negative number is no user', '-1', ['image-user-root']],
    ['a number that overflows to root (CVE-2024-40635)', '4294967296:1000', ['image-user-root']],
    ['the largest number that runtimes take passes', '2147483647', []],
  ])('%s', (_title, user, want) => expect(codes({ user: 'NonRoot' }, amd64({ user }))).toEqual(want));

  test.each([
    ['the administrator of a Windows container is root', 'ContainerAdministrator', ['image-user-root']],
    ['in any case', 'containeradministrator', ['image-user-root']],
    ['behind its domain', 'User Manager\\ContainerAdministrator', ['image-user-root']],
    ['with a blank that Windows drops', 'ContainerAdministrator ', ['image-user-root']],
    ['the system itself is root', 'NT AUTHORITY\\SYSTEM', ['image-user-root']],
    ['blanks alone are no user', '  ', ['image-user-root']],
    ['the user of a Windows container passes', 'ContainerUser', []],
    ['and with its domain, which holds a blank', 'User Manager\\ContainerUser', []],
  ])('%s', (_title, user, want) => {
    for (const platform of ['windows/amd64', 'Windows/amd64', 'w\u0130ndows/amd64']) {
      expect(codes({ user: 'NonRoot' }, imageFacts(platformImage(platform, { user })))).toEqual(want);
    }
  });
});

describe('user: NonRootNumeric', () => {
  test.each([
    ['a number passes', '65532', []],
    ['a number with a named group passes', '65532:staff', []],
    ['a name fails: it may stand for 0 inside the image', 'nobody', ['image-user-root']],
    ['0 fails', '0', ['image-user-root']],
    ['no user fails', '', ['image-user-root']],
    ['a number in another base is a name', '0x10', ['image-user-root']],
    // containerd pkg/oci/spec_opts.go, WithUser: strings.Split(userstr, ":") and strconv.Atoi, nothing is trimmed.
    ['a number before a blank is a name to containerd', '1000 ', ['image-user-root']],
    ['behind a blank as well', ' 1000', ['image-user-root']],
    ['before a line break', '1000\n', ['image-user-root']],
    ['before a tabulator', '1000\t', ['image-user-root']],
    ['before a no-break space', '1000\u00a0', ['image-user-root']],
    ['before a next line, which is white space to Go alone', '1000\u0085', ['image-user-root']],
    ['behind a byte order mark, which JavaScript trims', '\ufeff1000', ['image-user-root']],
    ['before a blank and a group', '1000 :1', ['image-user-root']],
    ['with a blank before the group', '1000: 1', ['image-user-root']],
    ['before a NUL', '1000\u0000', ['image-user-root']],
    ['in digits that Go does not read', '\u0661\u0662', ['image-user-root']],
    ['with an underscore, which Atoi does not take', '1_000', ['image-user-root']],
    ['that is longer than a number is', `1${'0'.repeat(600)}`, ['image-user-root']],
    // strconv.Atoi and strconv.ParseInt (containerd's getUserFromImage, hence the kubelet) take a sign.
    ['with a sign is that number', '+1000', []],
    ['with a third part is that number: containerd refuses it, CRI-O cuts it', '1000:1000:1', []],
  ])('%s', (_title, user, want) => expect(codes({ user: 'NonRootNumeric' }, amd64({ user }))).toEqual(want));
});

describe('labels', () => {
  const label = (labels: Labels) => amd64({ labels });
  test.each([
    ['a required label that is there passes', { team: ['*'] }, { team: 'shop' }, []],
    ['a required label that is missing fails', { team: ['*'] }, {}, ['image-label']],
    [
      'a value that a glob matches passes',
      { src: ['https://git.example.com/*'] },
      { src: 'https://git.example.com/a' },
      [],
    ],
    [
      'another value fails',
      { src: ['https://git.example.com/*'] },
      { src: 'https://git.example.com.evil.io/a' },
      ['image-label'],
    ],
    ['an empty value is there', { team: ['*'] }, { team: '' }, []],
    ['a name that every object has is not there', { constructor: ['*'] }, {}, ['image-label']],
    ['names are compared exactly', { team: ['*'] }, { Team: 'shop' }, ['image-label']],
    ['each missing label is reported', { a: ['*'], b: ['*'] }, {}, ['image-label', 'image-label']],
  ])('required: %s', (_title, required, labels, want) => {
    expect(codes({ labels: { required } }, label(labels as Labels))).toEqual(want);
  });

  test.each([
    ['an image without the label passes', { stage: ['dev', 'test-*'] }, {}, []],
    ['another value passes', { stage: ['dev', 'test-*'] }, { stage: 'production' }, []],
    ['a forbidden value fails', { stage: ['dev', 'test-*'] }, { stage: 'dev' }, ['image-label']],
    ['a value that a glob matches fails', { stage: ['dev', 'test-*'] }, { stage: 'test-7' }, ['image-label']],
    ['with * the label itself fails', { debug: ['*'] }, { debug: '' }, ['image-label']],
  ])('forbidden: %s', (_title, forbidden, labels, want) => {
    expect(codes({ labels: { forbidden } }, label(labels as Labels))).toEqual(want);
  });

  const production = {
    image: 'data-class',
    value: 'production',
    namespace: { key: 'env', in: ['production', 'recovery'] },
  };
  const marked = label({ 'data-class': 'production' });
  test.each([
    ['an image with production data runs in production', marked, known({ env: 'production' }), []],
    ['and in the other namespaces that are named', marked, known({ env: 'recovery' }), []],
    ['it is refused in another namespace', marked, known({ env: 'test' }), ['image-label']],
    ['it is refused in a namespace without the label', marked, known({}), ['image-label']],
    ['it is refused where the label has another case', marked, known({ env: 'Production' }), ['image-label']],
    [
      'R3: with labels that nobody could read it is refused, and the reason is said',
      marked,
      unavailable('namespace shop', 'no answer'),
      ['namespace-unavailable'],
    ],
    ['R3: a namespace that is not there counts as not known', marked, absent, ['namespace-unavailable']],
    ['an image without the mark runs anywhere', label({}), known({ env: 'test' }), []],
    ['an image with another mark runs anywhere', label({ 'data-class': 'none' }), known({ env: 'test' }), []],
    [
      'an image without the mark needs no labels of the namespace',
      label({}),
      unavailable('namespace shop', 'no answer'),
      [],
    ],
  ])('namespaceLabels: %s', (_title, facts, labels: Fact<Labels>, want) => {
    const situation = inNamespace(labels);
    expect(codes({ labels: { namespaceLabels: [production] } }, facts, { situation })).toEqual(want);
  });

  test('namespaceLabels: the name of the namespace is always known, and nobody can label it otherwise', () => {
    const rule = { image: 'data-class', namespace: { key: 'kubernetes.io/metadata.name', in: ['shop'] } };
    const claims = known({ 'kubernetes.io/metadata.name': 'shop' });
    const labels = { namespaceLabels: [rule] };
    const nothing = unavailable('namespace', 'no answer');
    expect(codes({ labels }, marked, { situation: inNamespace(nothing, 'shop') })).toEqual([]);
    expect(codes({ labels }, marked, { situation: inNamespace(claims, 'other') })).toEqual(['image-label']);
    expect(compiled({ labels }).readsNamespaceLabels).toBe(false);
    expect(compiled({ labels: { namespaceLabels: [production] } }).readsNamespaceLabels).toBe(true);
  });

  test('a value of the image is shown escaped and cut (B35, B37)', () => {
    const labels = { stage: `\u001b[31m${'x'.repeat(5000)}` };
    const [violation] = judge({ labels: { forbidden: { stage: ['*'] } } }, label(labels));
    expect(violation?.detail).not.toContain('\u001b');
    expect(violation?.detail?.length).toBeLessThanOrEqual(512);
  });
});

describe('platforms', () => {
  test.each([
    ['an allowed platform passes', ['linux/amd64'], 'linux/amd64', []],
    ['another one fails', ['linux/amd64'], 'linux/arm64', ['image-platform']],
    ['a name without a variant covers every variant', ['linux/arm'], 'linux/arm/v6', []],
    ['a named variant is exact', ['linux/arm/v7'], 'linux/arm/v6', ['image-platform']],
    ['arm64 is arm64/v8, as runtimes see it', ['linux/arm64/v8'], 'linux/arm64', []],
    ['another system fails', ['linux/amd64'], 'windows/amd64', ['image-platform']],
    [
      'what a node could fall back to fails where it is the image itself',
      ['linux/amd64'],
      'linux/386',
      ['image-platform'],
    ],
  ])('%s', (_title, platforms, platform, want) => {
    expect(codes({ platforms }, imageFacts(platformImage(platform)))).toEqual(want);
  });

  const withFallback = imageFacts(platformImage('linux/amd64'), platformImage('linux/386'));
  test.each([
    ['what a node falls back to counts as its platform', ['linux/amd64'], ['linux/amd64'], []],
    ['unless it is wanted itself', ['linux/amd64'], ['linux/amd64', 'linux/386'], ['image-platform']],
    [
      'and where its own platform is not allowed, that one fails',
      ['linux/arm64'],
      ['linux/amd64'],
      ['image-platform'],
    ],
  ])('behind an index %s', (_title, platforms, wanted, want) => {
    const multiArch = { mode: 'platforms', platforms: wanted };
    expect(codes({ platforms }, withFallback, { multiArch })).toEqual(want);
  });
});

describe('maxSize', () => {
  test.each([
    ['exactly that size passes', 500 * 2 ** 20, []],
    ['a byte more fails', 500 * 2 ** 20 + 1, ['image-too-large']],
  ])('%s', (_title, size, want) => expect(codes({ maxSize: '500Mi' }, amd64({ size }))).toEqual(want));
});

describe('an index', () => {
  const mixed = imageFacts(
    platformImage('linux/amd64'),
    platformImage('linux/arm64', { user: 'root' }),
    platformImage('linux/s390x', { user: '0' }),
  );
  const only = (...platforms: string[]) => ({ multiArch: { mode: 'platforms', platforms } });

  test.each([
    ['fails when any platform does', { multiArch: { mode: 'reference' } }, ['image-user-root']],
    [
      'fails when any platform does, each platform on its own',
      { multiArch: { mode: 'each-platform' } },
      ['image-user-root'],
    ],
    ['passes when the platforms that are judged do', only('linux/amd64'), []],
    ['fails when one that is judged does', only('linux/amd64', 'linux/arm64'), ['image-user-root']],
    ['must have every platform that is named', only('linux/amd64', 'linux/ppc64le'), ['image-platform']],
    [
      'reports what is missing beside what is wrong',
      only('linux/arm64', 'linux/ppc64le'),
      ['image-platform', 'image-user-root'],
    ],
  ])('%s', (_title, more, want) => expect(codes({ user: 'NonRoot' }, mixed, more)).toEqual(want));

  test('says which platforms fail, and why each', () => {
    expect(judge({ user: 'NonRoot' }, mixed)).toMatchObject([
      {
        message: "image 'registry.example.com/web:1' runs as root (linux/arm64, linux/s390x)",
        detail:
          "linux/arm64: its user is 'root', the administrator; linux/s390x: its user is '0', which is root",
      },
    ]);
  });
  test('without any platform fails: conditions on nothing would all hold', () => {
    expect(codes({ user: 'NonRoot' }, { ...mixed, platforms: [] })).toEqual(['image-platform']);
  });
  test('of a hundred bad platforms stays one short finding', () => {
    const many = Array.from({ length: 100 }, (_, at) => platformImage(`linux/cpu${at}`, { user: `-${at}` }));
    const violations = judge({ user: 'NonRoot' }, imageFacts(...many));
    expect(violations).toHaveLength(1);
    expect(violations[0]?.message.length).toBeLessThan(200);
    expect(violations[0]?.detail?.length).toBeLessThanOrEqual(512);
  });
  test('cannot hide a platform behind another spelling: nodes would pull it', () => {
    const hidden = imageFacts(platformImage('linux/amd64'), platformImage('Linux/x86_64', { user: 'root' }));
    expect(codes({ user: 'NonRoot' }, hidden, only('linux/amd64'))).toEqual(['image-user-root']);
  });
});

describe('a single image, with platforms named', () => {
  const only = { multiArch: { mode: 'platforms', platforms: ['linux/amd64', 'linux/arm64'] } };
  test('is judged when it is for one of them', () => {
    expect(codes({ user: 'NonRoot' }, amd64({ user: '' }), only)).toEqual(['image-user-root']);
    expect(codes({ user: 'NonRoot' }, amd64(), only)).toEqual([]);
  });
  test('is refused when it is for none of them', () => {
    const facts = imageFacts(platformImage('linux/s390x'));
    expect(codes({ user: 'NonRoot' }, facts, only)).toEqual(['image-platform']);
  });
});

test('every condition that fails is reported, and each names the image and what to do', () => {
  const facts = amd64({ created: judgedAt - 400 * day, user: '', size: 2 ** 40 });
  const image = {
    maxAge: '1h',
    minAge: '500d',
    user: 'NonRoot',
    labels: { required: { a: ['x'] } },
    platforms: ['linux/arm64'],
    maxSize: '1k',
  };
  const violations = judge(image, facts);
  expect(violations.map(({ code }) => code)).toEqual([
    'image-too-old',
    'image-too-new',
    'image-user-root',
    'image-label',
    'image-platform',
    'image-too-large',
  ]);
  for (const { message, detail, remedy } of violations) {
    expect(message).toMatch(/^image 'registry\.example\.com\/web:1' /);
    expect([detail, remedy].every((text) => text !== undefined && text.length > 10)).toBe(true);
  }
});
