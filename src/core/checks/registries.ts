/*
 * registries.allow, registries.platform, registries.deny, registries.requireHost
 *
 * Reads:   registry, repository, tag and digest of the text; whether the text itself names its registry.
 * Allows:  an image that `allow` or `platform` matches and `deny` does not. Without `allow`, what `deny` does not match.
 * Refuses: registry-denied, registry-not-allowed, host-missing
 */
import { shown } from '../text/shown-text.ts';
import { matchesPattern, type ImagePattern } from '../image/pattern.ts';
import { formatReference, type ImageReference } from '../image/reference.ts';
import { listPatterns, type Check, type Violation } from './check.ts';

interface RegistriesRule {
  /** `undefined`: no allow rule. An empty list allows nothing beyond `platform`. */
  readonly allow: readonly ImagePattern[] | undefined;
  readonly platform: readonly ImagePattern[];
  readonly deny: readonly ImagePattern[];
  readonly requireHost: boolean;
  /** Whether the same policy has another allow list, which the image has to be in too. */
  readonly besideAnother?: boolean;
}

/** Two lists that are meant as "either" must not send people from one to the other and back. */
const remedyOf = ({ allow = [], besideAnother }: RegistriesRule): string => {
  // Patterns of `platform` are no advice for people who deploy.
  const list = allow.map((pattern) => pattern.text);
  if (list.length === 0) {
    return 'this policy allows no registry beyond those of the platform; ask its owner to add one';
  }
  if (besideAnother !== true) {
    return `use an image from ${listPatterns(list)}, or ask the policy's owner to allow this one`;
  }
  return `the policy has several allow lists, and an image has to be in each, here ${listPatterns(list)}; where they have none in common, its owner has to write them into one list`;
};

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
  return {
    code: 'registry-not-allowed',
    message: `image '${shown(image.given)}' is not from an allowed registry`,
    detail: `${shown(formatReference(image))} matches none of the allowed patterns`,
    remedy: remedyOf(rule),
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
 * R7. Stops images from registries that no policy trusts (MS-M9005.002, T1610) and names that only look like a trusted
 * one (B20).
 */
export const registriesCheck = (rule: RegistriesRule): Check => ({
  id: 'registries',
  run: (image) => {
    const denied = deniedBy(rule, image);
    const violations = [denied ?? notAllowedBy(rule, image), withoutHost(rule, image)];
    return violations.filter((violation) => violation !== undefined);
  },
});
