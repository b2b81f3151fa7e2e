import * as z from 'zod';
import { readTime } from '../../oci/time.ts';
import { isPlatform, registryArchitecture } from '../../oci/platform.ts';
import { compilePattern } from '../../image/pattern.ts';
import { dnsSubdomain, isDnsSubdomain } from '../../text/dns-name.ts';
import { readDuration } from './duration.ts';
import { readSize } from './size.ts';

/** Longer than any reference: a host of 255, a path of 255 and the wildcards between them. */
const maxPatternLength = 512;

const labelWord = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/**
 * An API server drops a null that is not nullable, and a condition left empty would be no condition at all. It is
 * kept, so that it can be refused.
 */
export const kept = { nullable: true } as const;

/** Length is judged first and alone, so that nothing below ever reads unbounded text. */
export const boundedText = (longest: number) =>
  z.string().min(1, { abort: true }).max(longest, { abort: true });

/** A DNS-1123 subdomain, the form that the API server demands of object names. */
export const objectNameText = boundedText(253).regex(
  dnsSubdomain,
  'must be lower case letters, digits, "-" and ".", starting and ending with a letter or digit',
);

/** An image pattern, checked by the one compiler that will also match with it. */
export const imagePattern = (use: 'allow' | 'platform' | 'deny' | 'match') =>
  boundedText(maxPatternLength).superRefine((text, context) => {
    const compiled = compilePattern(text, use);
    if (compiled.ok) return;
    const { why, suggestion } = compiled.error;
    context.addIssue({
      code: 'custom',
      message: `${JSON.stringify(text)}: ${why}`,
      ...(suggestion === undefined ? {} : { params: { suggestion } }),
    });
  });

/** A glob on namespace names; `*` stands for any run of characters, none included. */
export const namespaceGlob = boundedText(63).regex(
  /^(?!-)(?!.*\*\*)[a-z0-9*-]*(?<!-)$/,
  'must be a namespace name (lower case letters, digits, "-") in which single "*" stand for any characters',
);

/** A tag by the reference grammar, or a glob on tags; `*` stands for any run of characters, none included. */
export const imageTag = boundedText(128).regex(
  /^(?![.-])(?!.*\*\*)[\w.*-]*$/,
  'must be a tag (letters, digits, "_", "." and "-", not starting with "." or "-") in which single "*" stand for any characters',
);

const isLabelKey = (text: string): boolean => {
  const slash = text.indexOf('/');
  const prefix = slash < 0 ? undefined : text.slice(0, slash);
  const name = text.slice(slash + 1);
  if (prefix !== undefined && !isDnsSubdomain(prefix)) return false;
  return name.length <= 63 && labelWord.test(name);
};

/** A label key as Kubernetes has it: optional DNS prefix and slash, then a name of at most 63 characters. */
export const labelKey = boundedText(317).refine(isLabelKey, {
  message:
    'must be a label key: an optional DNS prefix and "/", then at most 63 letters, digits, "-", "_" and "."',
});

/** A label value as Kubernetes has it; empty is legal. */
export const labelValue = z
  .string()
  .max(63, { abort: true })
  .regex(
    /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/,
    'must be a label value: letters, digits, "-", "_" and ".", starting and ending with a letter or digit',
  );

/** A duration; `zero`: whether no time at all is one. */
export const durationText = ({ zero }: { readonly zero: boolean }) =>
  boundedText(16).superRefine((text, context) => {
    const milliseconds = readDuration(text);
    if (milliseconds !== undefined && (zero || milliseconds > 0)) return;
    context.addIssue({
      code: 'custom',
      message: `${JSON.stringify(text)}: must be a whole number ${zero ? '' : 'above 0 '}and one of s, m, h, d, such as 12h or 90d`,
    });
  });

/** A size in bytes. */
export const sizeText = boundedText(24).superRefine((text, context) => {
  if (readSize(text) !== undefined) return;
  context.addIssue({
    code: 'custom',
    message: `${JSON.stringify(text)}: must be a whole number above 0 and one of k, M, G, Ki, Mi, Gi, such as 500Mi`,
  });
});

/** A platform as registries name it. */
export const platformText = boundedText(98).superRefine((text, context) => {
  const [os = '', architecture = '', ...variant] = text.split('/');
  const name = registryArchitecture(architecture);
  if (name === architecture && isPlatform(text)) return;
  const suggestion = [os.toLowerCase(), name, ...variant].join('/');
  context.addIssue({
    code: 'custom',
    message: `${JSON.stringify(text)}: must be os/architecture or os/architecture/variant, such as linux/amd64 or linux/arm64`,
    ...(isPlatform(suggestion) ? { params: { suggestion } } : {}),
  });
});

/** The name of a label of an image; builders may write more than Kubernetes takes. */
export const imageLabelName = boundedText(256).regex(
  /^[\x21-\x7e]+$/,
  'must be printable ASCII without spaces',
);

/** A glob on values of labels of an image; `*` stands for any run of characters, none included. */
export const imageLabelGlob = z.string().max(256, { abort: true });

/** A name within a check: findings show it beside others. */
export const authorityName = boundedText(63).regex(
  /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/,
  'must be lower case letters, digits and "-", starting and ending with a letter or digit',
);

const invisible = /[\s\p{Cc}]/u;
/** A text without white space and control characters. */
export const visibleText = (longest: number) =>
  boundedText(longest).refine((text) => !invisible.test(text), {
    message: 'must not hold white space or control characters',
  });

/** A time that everybody reads alike. */
export const timeText = boundedText(64).superRefine((text, context) => {
  if (readTime(text) !== undefined) return;
  context.addIssue({
    code: 'custom',
    message: `${JSON.stringify(text)}: must be a time with its zone (RFC 3339), such as 2027-01-31T00:00:00Z`,
  });
});
