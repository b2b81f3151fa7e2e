import type { Mode } from '../policy/mode.ts';
import type { FindingCode } from '../reasons/reason.ts';

/**
 * One failed check on one image (or on the whole request).
 * A finding of the gate itself has `policy: ""` and `check: "gate"`.
 */
export interface Finding {
  readonly policy: string;
  /** The check's name in the policy (`registries`, `digest`, `tags`), or `match`, `policy`, `gate`. */
  readonly check: string;
  readonly mode: Mode;
  /** Where in the object, e.g. `spec.template.spec.containers[0].image`; absent for the whole request. */
  readonly path?: string;
  /** The place in the file of a manifest, both from 1, columns in UTF-16 units. */
  readonly line?: number;
  readonly column?: number;
  readonly code: FindingCode;
  /** One short sentence that names the image and the rule. */
  readonly message: string;
  readonly detail?: string;
  /** What the reader can do now. */
  readonly remedy?: string;
  /**
   * Only beside a code that says "could not look": the image was read and cannot be judged. To read it again changes
   * nothing until somebody changes the image.
   */
  readonly final?: true;
}
