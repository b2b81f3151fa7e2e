import type { JsonObject } from '../../../core/text/json/json.ts';
import { fingerprints, normalWebhooks, type NormalWebhook } from './normal-form.ts';
import { cutMiddle } from '../../../core/text/cut-middle.ts';

/**
 * The differences between a webhook configuration and the expected one in words; empty when both do the same.
 * `authority` (PEM) must be among the certificates of every `caBundle`; others beside it come from a rotation.
 */
export const compareWebhooks = (
  expected: JsonObject,
  found: JsonObject,
  authority: string,
): readonly string[] => {
  const wanted = normalWebhooks(expected);
  const there = normalWebhooks(found);
  const differences: string[] = [];
  for (const [name, webhook] of wanted) {
    const other = there.get(name);
    if (other === undefined) differences.push(`the webhook ${name} is missing`);
    else
      differences.push(
        ...compareOne(webhook, other, fingerprints(authority)).map((text) => `${name}: ${text}`),
      );
  }
  for (const name of there.keys()) {
    if (!wanted.has(name)) differences.push(`the webhook ${name} is not ours`);
  }
  return differences.map((difference) => cutMiddle(difference, 400));
};

const compareOne = (
  wanted: NormalWebhook,
  there: NormalWebhook,
  authorities: ReadonlySet<string>,
): readonly string[] => {
  const differences: string[] = [];
  for (const [field, value] of wanted.fields) {
    const other = there.fields.get(field) ?? '';
    if (other !== value) differences.push(`${field} is ${other}, expected ${value}`);
  }
  const blind = [...wanted.rules].filter((rule) => !there.rules.has(rule));
  const added = [...there.rules].filter((rule) => !wanted.rules.has(rule));
  if (blind.length > 0) differences.push(`rules no longer cover ${some(blind)}`);
  if (added.length > 0) differences.push(`rules cover ${some(added)}, which is not expected`);
  const missing = [...authorities].filter((fingerprint) => !there.authorities.has(fingerprint));
  if (missing.length > 0)
    differences.push('caBundle does not contain our CA: the API server cannot reach us');
  return differences;
};

const some = (rules: readonly string[]): string =>
  rules.length <= 3 ? rules.join(', ') : `${rules.slice(0, 3).join(', ')} and ${rules.length - 3} more`;
