import * as z from 'zod';
import { labelKey, labelValue } from './text.ts';

const expressionFields = z.strictObject({
  key: labelKey.describe('Label key that the requirement speaks about.'),
  operator: z
    .enum(['In', 'NotIn', 'Exists', 'DoesNotExist'])
    .describe(
      'In and NotIn compare the value with `values`; Exists and DoesNotExist look only for the key. ' +
        'NotIn and DoesNotExist also hold for objects without the label.',
    ),
  values: z
    .array(labelValue)
    .max(256)
    .exactOptional()
    .describe('Values for In and NotIn (at least one); not allowed for Exists and DoesNotExist.'),
});

const expression = expressionFields.superRefine(({ operator, values }, context) => {
  const compares = operator === 'In' || operator === 'NotIn';
  const count = values?.length ?? 0;
  if (compares && count === 0) {
    context.addIssue({
      code: 'custom',
      path: ['values'],
      message: `operator ${operator} needs at least one value`,
    });
  }
  if (!compares && count > 0) {
    context.addIssue({ code: 'custom', path: ['values'], message: `operator ${operator} takes no values` });
  }
});

const maxLabels = 64;

/** A Kubernetes LabelSelector: every part must hold, an empty selector selects everything. */
export const labelSelector = z.strictObject({
  matchLabels: z
    .record(labelKey, labelValue)
    .refine((labels) => Object.keys(labels).length <= maxLabels, {
      message: `holds more than ${maxLabels} labels`,
    })
    .exactOptional()
    .describe('Labels that must all be there with exactly these values.')
    .meta({ maxProperties: maxLabels }),
  matchExpressions: z
    .array(expression)
    .max(32)
    .exactOptional()
    .describe('Requirements that must all hold, beside `matchLabels`.'),
});
