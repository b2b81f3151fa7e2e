import { unchangedObject, type Mutation } from '../../../gate/mutation/mutation.ts';
import { responseHead } from './review-response.ts';
import { admissionWarnings } from './warnings.ts';

/** Longest value; audit events are stored for years. */
const maxValueLength = 512;

/**
 * The answer of `/mutate` as JSON text. It always allows: `/validate` decides what may run, and a patch that could
 * not be made must not keep Pods of other policies from starting.
 */
export const encodeMutation = (mutation: Mutation, uid: string): string => {
  const { patch, warnings } = mutation;
  if (patch.length === 0 && warnings.length === 0)
    return `${responseHead}${JSON.stringify(uid)},"allowed":true}}`;
  const shownWarnings = admissionWarnings(warnings);
  const pinned = patch.map(({ path }) => path).join(',');
  const response = {
    allowed: true,
    ...(patch.length === 0
      ? {}
      : {
          patchType: 'JSONPatch',
          patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
          auditAnnotations: { pinned: pinned.slice(0, maxValueLength) },
        }),
    ...(shownWarnings.length === 0 ? {} : { warnings: shownWarnings }),
  };
  return `${responseHead}${JSON.stringify(uid)},${JSON.stringify(response).slice(1)}}`;
};

/** The answer of `/mutate` to a review that it cannot read or that it failed on: go on as if there were no gate here. */
export const encodeUnpatched = (uid: string): string => encodeMutation(unchangedObject, uid);
