/*
 * vulnerabilities.deny, vulnerabilities.knownExploited
 *
 * Reads:   the ids of the vulnerabilities of each platform.
 * Allows:  an image without those that are denied, exploited or malicious.
 * Refuses: vulnerability-denied, vulnerability-exploited, malicious-package
 */
import type { Vulnerability } from '../../vulnerability/vulnerability.ts';
import { idsOf } from './accept.ts';
import { failureBy, vulnerabilityViolation, type VulnerabilityCondition } from './condition.ts';
import { onceFor, type OpenOf } from './open.ts';

/** Whether `deny` names a vulnerability. An id that is written in other case would deny nothing, and nobody would notice. */
export const deniedBy = (deny: readonly string[]): ((vulnerability: Vulnerability) => boolean) => {
  const denied = new Set(deny.map((id) => id.toUpperCase()));
  return (one) => idsOf(one).some((id) => denied.has(id.toUpperCase()));
};

/** `deny`: whatever else is said (V8). */
export const notDenied = (isDenied: (vulnerability: Vulnerability) => boolean): VulnerabilityCondition => {
  const deniedIn = onceFor((all) => all.filter(isDenied));
  return (subject) =>
    vulnerabilityViolation(
      subject,
      (platform) => {
        const found = deniedIn(platform.vulnerabilities);
        return failureBy(subject, platform, 'has a vulnerability that the policy denies', found);
      },
      {
        code: 'vulnerability-denied',
        remedy: 'use the fixed version; neither `accept` nor a grace period lets it through',
      },
    );
};

/** `knownExploited`: what attackers use now has no grace, fixable or not. */
export const notExploited =
  (openOf: OpenOf): VulnerabilityCondition =>
  (subject) => {
    const { advisories, situation } = subject;
    const exploited = advisories.state === 'known' ? advisories.value.exploited?.ids : undefined;
    return vulnerabilityViolation(
      subject,
      (platform) => {
        const found = openOf(platform, situation.now).filter(
          (one) => exploited !== undefined && idsOf(one).some((id) => exploited.has(id)),
        );
        return failureBy(subject, platform, 'has a vulnerability that is known to be exploited', found);
      },
      { code: 'vulnerability-exploited', remedy: 'use the fixed version, or remove the package' },
    );
  };

/** A malicious package has neither grace nor a fix that could be waited for. */
export const notMalicious = (openOf: OpenOf): VulnerabilityCondition => {
  const maliciousIn = onceFor((open) => open.filter(({ isMalicious }) => isMalicious));
  return (subject) =>
    vulnerabilityViolation(
      subject,
      (platform) => {
        const found = maliciousIn(openOf(platform, subject.situation.now));
        return failureBy(subject, platform, 'holds a malicious package', found);
      },
      {
        code: 'malicious-package',
        remedy: 'remove the package, and look at what it could reach where the image was built and ran',
      },
    );
};
