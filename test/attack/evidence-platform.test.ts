import { describe, expect, test } from 'vitest';
import { createEvidenceHarness } from '../fakes/evidence/evidence-harness.ts';
import { fakeGate, pod, requestFor } from '../fakes/gate.ts';
import {
  image,
  index,
  type FakeDescriptor,
  type FakeManifest,
  type FakePlatform,
} from '../fakes/registry/registry-content.ts';

/**
 * Source of what nodes run: containerd/platforms (platforms.go `Normalize` and `matcher.Match`, compare.go
 * `platformVector`, database.go), containerd core/images/image.go (`Manifest`), containers/image (`ChooseInstance`).
 */
const place = 'registry.example.com/team/app';

/** Whether a Pod with this image is let in where only these platforms are judged, and nobody may be root. */
const admits = async (manifest: FakeManifest, platforms: readonly string[]): Promise<boolean> => {
  const harness = createEvidenceHarness();
  harness.registry.push(place, manifest);
  const policies = {
    'non-root': {
      checks: [{ digest: { require: true } }, { image: { user: 'NonRoot' } }],
      multiArch: { mode: 'platforms', platforms },
    },
  };
  const gate = fakeGate({ policies, evidence: harness.evidence });
  const { allowed } = await gate.admit(requestFor(pod({ app: `${place}@${manifest.digest}` })));
  expect(gate.bugs).toEqual([]);
  return allowed;
};

const platformOf = (text: string): FakePlatform => {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
};

/** A child of an index: what the index calls it (`undefined`: nothing), what its config says, who it runs as. */
interface Child {
  readonly named: string | undefined;
  readonly config: string;
  readonly user: string;
  /** Further fields of the platform in the index. */
  readonly more?: object;
}
const good = (named: string, config = named): Child => ({ named, config, user: '1000' });
const bad = (named: string | undefined, config = named ?? ''): Child => ({ named, config, user: '0' });

const indexOf = (children: readonly Child[]): FakeManifest => {
  const images = children.map(({ config, user }, n) =>
    image({ user, platform: platformOf(config), labels: { number: String(n) } }),
  );
  const descriptors = images.map(({ descriptor }, n): FakeDescriptor => {
    const { mediaType, digest, size } = descriptor;
    const named = children[n]?.named;
    const platform = named === undefined ? undefined : { ...platformOf(named), ...children[n]?.more };
    return { mediaType, digest, size, ...(platform === undefined ? {} : { platform }) };
  });
  return index(images, { descriptors });
};

describe('an image that is root and hides behind an index, where only the platforms of the nodes are judged', () => {
  test.each<[string, readonly string[], readonly Child[]]>([
    [
      'under a capital dotted I, which Go reads as an i',
      ['linux/amd64'],
      [bad('l\u0130nux/amd64'), good('linux/amd64')],
    ],
    [
      'under no operating system, which containerd takes for that of the node',
      ['linux/amd64'],
      [bad('/amd64', 'linux/s390x'), good('linux/amd64')],
    ],
    [
      'under no platform, which CRI-O runs when none fits exactly, whatever the config says',
      ['linux/amd64'],
      [good('Linux/x86_64'), bad(undefined, 'linux/s390x')],
    ],
    [
      'as 386, which containerd runs where no plain amd64 is there',
      ['linux/amd64'],
      [good('linux/amd64/v4'), bad('linux/386')],
    ],
    [
      'as arm, which containerd runs where no plain arm64 is there',
      ['linux/arm64'],
      [good('linux/arm64/v9'), bad('linux/arm/v7')],
    ],
    ['as 386, beside a plain amd64', ['linux/amd64'], [good('linux/amd64'), bad('linux/386')]],
    ['as arm, beside arm64/v8', ['linux/arm64'], [good('linux/arm64/v8'), bad('linux/arm/v6')]],
    [
      'as 386, beside an amd64 with a feature that the node has not',
      ['linux/amd64'],
      [{ ...good('linux/amd64'), more: { 'os.features': ['x'] } }, bad('linux/386')],
    ],
    [
      'as arm, beside an arm64 of a version that the node has not',
      ['linux/arm64'],
      [{ ...good('linux/arm64'), more: { 'os.version': '99' } }, bad('linux/arm')],
    ],
    [
      'as 386, beside an amd64 whose variant containerd does not know',
      ['linux/amd64'],
      [good('linux/amd64/1'), bad('linux/386')],
    ],
    [
      'without a variant in the index and with another one in its config',
      ['linux/arm/v7'],
      [bad('linux/arm', 'linux/arm/v6'), good('linux/arm/v7')],
    ],
    [
      'as a variant that containerd counts as the one that is named',
      ['linux/arm64/v8'],
      [bad('linux/arm64/v8.0'), good('linux/arm64/v8')],
    ],
    [
      'as a lower variant, which a node runs that has not the one that is named',
      ['linux/amd64/v3'],
      [good('linux/amd64/v3'), bad('linux/amd64')],
    ],
    ['as a second image for the same platform', ['linux/amd64'], [good('linux/amd64'), bad('linux/amd64')]],
    [
      'under another spelling of the same platform',
      ['linux/amd64'],
      [good('linux/amd64'), bad('LINUX/X86_64')],
    ],
    [
      'behind a config that claims another platform than the index',
      ['linux/amd64'],
      [good('linux/amd64'), bad('linux/amd64', 'linux/s390x')],
    ],
    ['as the only one, for another platform', ['linux/amd64'], [bad('linux/386')]],
    ['as the only one, without a platform', ['linux/amd64'], [bad(undefined, 'linux/s390x')]],
    ['as the only one that is no attachment', ['linux/amd64'], [bad('unknown/unknown', 'linux/amd64')]],
  ])('%s is refused', async (_title, platforms, children) => {
    expect(await admits(indexOf(children), platforms)).toBe(false);
    expect(await admits(indexOf(children.toReversed()), platforms)).toBe(false);
  });

  test('as an index inside of the index is refused', async () => {
    const inner = indexOf([bad('linux/amd64')]);
    const { mediaType, digest, size } = inner.descriptor;
    const honest = image({ user: '1000' });
    const outer = index([honest, inner], { descriptors: [honest.descriptor, { mediaType, digest, size }] });
    expect(await admits(outer, ['linux/amd64'])).toBe(false);
  });
  test('as 386 beside an index without a platform, which containerd takes only when nothing has one', async () => {
    const inner = indexOf([good('linux/amd64')]);
    const { mediaType, digest, size } = inner.descriptor;
    const poor = image({ user: '0', platform: platformOf('linux/386') });
    const outer = index([poor, inner], { descriptors: [poor.descriptor, { mediaType, digest, size }] });
    expect(await admits(outer, ['linux/amd64'])).toBe(false);
  });
  test('as a single image that claims another platform is refused: no runtime compares it', async () => {
    const platform = platformOf('linux/s390x');
    expect(await admits(image({ user: '0', platform }), ['linux/amd64'])).toBe(false);
    expect(await admits(image({ user: '1000', platform }), ['linux/amd64'])).toBe(false);
  });
});

test.each<[string, readonly string[], readonly Child[]]>([
  [
    'an index like most, with 386 and arm beside the plain ones',
    ['linux/amd64', 'linux/arm64'],
    [good('linux/amd64'), good('linux/386'), good('linux/arm64/v8'), good('linux/arm/v7')],
  ],
  ['root for a platform that no node takes', ['linux/386'], [good('linux/386'), bad('linux/amd64')]],
  ['attachments of BuildKit', ['linux/amd64'], [good('linux/amd64'), bad('unknown/unknown')]],
  ['another system beside it', ['linux/amd64'], [good('linux/amd64'), bad('windows/amd64')]],
  ['the only variant that is wanted', ['linux/arm/v7'], [good('linux/arm/v7')]],
  ['a fallback that nobody forbids', ['linux/amd64'], [good('linux/amd64/v3'), good('linux/386')]],
])('is allowed: %s', async (_title, platforms, children) => {
  expect(await admits(indexOf(children), platforms)).toBe(true);
});
