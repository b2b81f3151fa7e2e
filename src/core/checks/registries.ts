import { shown } from '../decision/shown-text.ts';
import type { ImagePattern } from '../image/pattern.ts';
import { matchesPattern } from '../image/pattern.ts';
import { formatReference } from '../image/reference.ts';
import type { ImageReference } from '../image/reference.ts';
import { listPatterns } from './check.ts';
import type { Check, Violation } from './check.ts';

export interface RegistriesRule {
  /** `undefined`: no allow rule. An empty list allows nothing beyond `platform`. */
  readonly allow: readonly ImagePattern[] | undefined;
  readonly platform: readonly ImagePattern[];
  readonly deny: readonly ImagePattern[];
  readonly requireHost: boolean;
}

const deniedBy = (rule: RegistriesRule, image: ImageReference): Violation | undefined => {
  const pattern = rule.deny.find((candidate) => matchesPattern(candidate, image));
  if (pattern === undefined) return undefined;
  return {
    code: 'registry-denied',
    message: `image '${shown(image.given)}' is from a denied registry`,
    detail: `${shown(formatReference(image))} matches the denied pattern ${pattern.text}`,
    remedy: 'use the image from another registry; a deny pattern wins over every allow pattern',
  };
};

const notAllowedBy = (rule: RegistriesRule, image: ImageReference): Violation | undefined => {
  if (rule.allow === undefined) return undefined;
  const allowed = [...rule.allow, ...rule.platform];
  if (allowed.some((candidate) => matchesPattern(candidate, image))) return undefined;
  // What the platform runs is no advice to those who deploy.
  const list = rule.allow.map((pattern) => pattern.text);
  return {
    code: 'registry-not-allowed',
    message: `image '${shown(image.given)}' is not from an allowed registry`,
    detail: `${shown(formatReference(image))} matches none of the allowed patterns`,
    remedy:
      list.length === 0
        ? 'this policy allows no registry beyond those of the platform; ask its owner to add one'
        : `use an image from ${listPatterns(list)}, or ask the policy's owner to allow this one`,
  };
};

const withoutHost = (rule: RegistriesRule, image: ImageReference): Violation | undefined => {
  if (!rule.requireHost || image.hostWritten) return undefined;
  return {
    code: 'host-missing',
    message: `image '${shown(image.given)}' does not name its registry`,
    detail: 'CRI-O and Podman resolve a short name from a list on the node, which the policy cannot see',
    remedy: `write the full name, for example ${shown(formatReference(image))}`,
  };
};

/**
 * `registries` (R7): allowed = (allow + platform) less deny; deny wins. Stops images from registries that
 * nobody vouched for (MS-M9005.002, T1610) and names that only look like a trusted one (B20).
 */
export const registriesCheck = (rule: RegistriesRule): Check => ({
  id: 'registries',
  run: (image) => {
    const denied = deniedBy(rule, image);
    const violations = [denied ?? notAllowedBy(rule, image), withoutHost(rule, image)];
    return violations.filter((violation) => violation !== undefined);
  },
});
