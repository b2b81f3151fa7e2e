import { readDuration } from '../policy/duration.ts';
import type { ImageCheck, MultiArch } from '../policy/schema.ts';
import { readSize } from '../policy/size.ts';
import type { Result } from '../result.ts';
import { fail, ok } from '../result.ts';
import type { EvidenceCheck } from './check.ts';
import { maxAge, minAge } from './image/age.ts';
import type { Condition } from './image/condition.ts';
import { labelConditions, readsNamespaceLabels } from './image/labels.ts';
import { allowedPlatforms, choosePlatforms } from './image/platforms.ts';
import { maxSize } from './image/size.ts';
import { nonRoot } from './image/user.ts';

/** A condition with an amount; what is written but cannot be read is an error, never a condition that is left out. */
const withAmount = (
  text: string | undefined,
  read: (text: string) => number | undefined,
  condition: (amount: number) => Condition,
): Result<readonly Condition[], string> => {
  if (text === undefined) return ok([]);
  const amount = read(text);
  return amount === undefined ? fail(`${JSON.stringify(text)} cannot be read`) : ok([condition(amount)]);
};

/** `image`: conditions on what the image says about itself. All are judged, each failure is reported. */
export const imageCheck = (config: ImageCheck, multiArch: MultiArch): Result<EvidenceCheck, string> => {
  const oldest = withAmount(config.maxAge, readDuration, maxAge);
  if (!oldest.ok) return fail(`image.maxAge: ${oldest.error}`);
  const newest = withAmount(config.minAge, readDuration, minAge);
  if (!newest.ok) return fail(`image.minAge: ${newest.error}`);
  const largest = withAmount(config.maxSize, readSize, maxSize);
  if (!largest.ok) return fail(`image.maxSize: ${largest.error}`);
  const conditions: readonly Condition[] = [
    ...oldest.value,
    ...newest.value,
    ...(config.user === undefined ? [] : [nonRoot(config.user)]),
    ...labelConditions(config.labels),
    ...(config.platforms === undefined ? [] : [allowedPlatforms(config.platforms, multiArch)]),
    ...largest.value,
  ];
  return ok({
    id: 'image',
    needs: 'image',
    readsNamespaceLabels: readsNamespaceLabels(config.labels),
    judge: (image, facts, situation) => {
      const { subject, violations } = choosePlatforms(image, facts, multiArch, situation);
      return [...violations, ...conditions.flatMap((condition) => condition(subject))];
    },
  });
};
