/*
 * image.maxSize
 *
 * Reads:   the sizes of the layers and of the config, as the manifest states them.
 * Allows:  a sum that is not larger than the limit.
 * Refuses: image-too-large
 */
import { describeSize } from '../../text/size.ts';
import { pass } from '../check.ts';
import { failingOf, onPlatforms, reasonsOf, type Condition } from './condition.ts';

/** `maxSize`: a node that pulls a huge image starts nothing else meanwhile, and may run out of disk. */
export const maxSize =
  (most: number): Condition =>
  (subject) => {
    const failing = failingOf(subject, ({ size, layers }) =>
      size <= most ? undefined : `it has ${describeSize(size)} in ${layers} layers`,
    );
    if (failing.length === 0) return pass;
    return [
      {
        code: 'image-too-large',
        says: `is larger than ${describeSize(most)}${onPlatforms(subject, failing)}`,
        detail: reasonsOf(subject, failing),
        remedy:
          'build a smaller image: a smaller base, several build stages, no data that belongs in a volume',
      },
    ];
  };
