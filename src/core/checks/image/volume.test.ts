import { describe, expect, test } from 'vitest';
import { day, imageFacts, judgedAt, platformImage } from '../../../../test/fakes/image-facts.ts';
import { amd64, codes } from '../../../../test/fakes/judge-image.ts';
import type { ImageFacts } from '../../facts/image-facts.ts';

const unknown = ['image-time-unknown'];

describe('an image volume is data: nothing runs from it', () => {
  const isVolume = true;
  const model = (more: object = {}): ImageFacts =>
    imageFacts(
      platformImage('unknown/unknown', {
        artifact: 'application/vnd.example.model',
        unnamed: true,
        user: '',
        created: judgedAt - day,
        ...more,
      }),
    );
  test.each<[string, object, ImageFacts, readonly string[]]>([
    ['no user is no root', { user: 'NonRoot' }, amd64({ user: '' }), []],
    ['nor is 0', { user: 'NonRootNumeric' }, amd64({ user: '0' }), []],
    ['its age is judged', { maxAge: '30d' }, amd64({ created: judgedAt - 31 * day }), ['image-too-old']],
    ['its labels are', { labels: { required: { team: ['*'] } } }, amd64(), ['image-label']],
    ['its size is', { maxSize: '1k' }, amd64(), ['image-too-large']],
    ['its platform is', { platforms: ['linux/arm64'] }, amd64(), ['image-platform']],
    ['an artifact passes', { user: 'NonRoot', maxAge: '30d', maxSize: '1Gi' }, model(), []],
    ['its age is judged by annotation', { maxAge: '30d' }, model({ times: [] }), unknown],
    ['and its size', { maxSize: '1k' }, model(), ['image-too-large']],
    [
      'and its labels',
      { labels: { required: { team: ['shop'] } } },
      model({ labels: { team: 'x' } }),
      ['image-label'],
    ],
    [
      'and they can fit',
      { labels: { required: { team: ['shop'] } } },
      model({ labels: { team: 'shop' } }),
      [],
    ],
    ['an artifact is for no platform', { platforms: ['linux/arm64'] }, model(), []],
  ])('%s', (_title, image, facts, want) => {
    expect(codes(image, facts, { isVolume })).toEqual(want);
  });
  test('an artifact is there for every platform that is named, an image is not', () => {
    const multiArch = { mode: 'platforms', platforms: ['linux/arm64'] };
    expect(codes({ maxSize: '1Gi' }, model(), { isVolume, multiArch })).toEqual([]);
    expect(codes({ maxSize: '1Gi' }, amd64(), { isVolume, multiArch })).toEqual(['image-platform']);
  });
  test('artifacts for other platforms than those that are named are not enough', () => {
    const multiArch = { mode: 'platforms', platforms: ['linux/arm64'] };
    const other = platformImage('linux/amd64', { artifact: 'application/vnd.example.model' });
    expect(codes({ maxSize: '1Gi' }, imageFacts(other), { isVolume, multiArch })).toEqual(['image-platform']);
    expect(codes({ maxSize: '1Gi' }, imageFacts(other, other), { isVolume, multiArch })).toEqual([
      'image-platform',
    ]);
  });
  test('of a container the user is judged', () => {
    expect(codes({ user: 'NonRoot' }, amd64({ user: '' }))).toEqual(['image-user-root']);
  });
});
