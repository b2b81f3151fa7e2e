import type { Decision } from '../../../core/decision/decision.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { ImageReviewRequest } from '../../../gate/review-images.ts';
import { auditAnnotations } from './audit-annotations.ts';
import { denialText } from './denial.ts';

const imagesOf = (containers: JsonValue | undefined): Result<readonly string[], string> => {
  if (containers === undefined || containers === null) return ok([]);
  if (!Array.isArray(containers)) return fail('spec.containers must be a list');
  const images: string[] = [];
  for (const [index, container] of (containers as readonly JsonValue[]).entries()) {
    const path = `spec.containers[${String(index)}]`;
    if (!isJsonObject(container)) return fail(`${path} must be an object`);
    // A container without an image is not "no image": leaving it out here would let it through unseen.
    const image = container['image'] ?? '';
    if (typeof image !== 'string') return fail(`${path}.image must be text`);
    images.push(image);
  }
  return ok(images);
};

const namespaceOf = (spec: JsonObject): string | undefined => {
  const namespace = spec['namespace'] ?? '';
  return typeof namespace === 'string' ? namespace : undefined;
};

/**
 * Decodes an ImageReview; an error says what is wrong with it. Users write its annotations, so they are not read: no
 * key is a short cut.
 */
export const decodeImageReview = (
  review: JsonValue,
  caller: ImageReviewRequest['caller'],
): Result<ImageReviewRequest, string> => {
  if (!isJsonObject(review)) return fail('the request body is not a JSON object');
  if (review['kind'] !== 'ImageReview') return fail('kind is not ImageReview');
  if (review['apiVersion'] !== 'imagepolicy.k8s.io/v1alpha1') {
    return fail('apiVersion is not imagepolicy.k8s.io/v1alpha1');
  }
  const { spec } = review;
  if (!isJsonObject(spec)) return fail('the ImageReview carries no spec');
  const images = imagesOf(spec['containers']);
  if (!images.ok) return images;
  const namespace = namespaceOf(spec);
  if (namespace === undefined) return fail('spec.namespace must be text');
  return ok({ namespace, images: images.value, caller });
};

const encode = (status: object): string =>
  JSON.stringify({ apiVersion: 'imagepolicy.k8s.io/v1alpha1', kind: 'ImageReview', status });

/** The answer to an ImageReview as JSON text. */
export const encodeImageReview = (decision: Decision): string =>
  encode({
    allowed: decision.allowed,
    ...(decision.allowed ? {} : { reason: denialText(decision) }),
    auditAnnotations: auditAnnotations(decision),
  });

/** The denial of last resort. */
export const encodeImageDefect = (): string =>
  encode({ allowed: false, reason: 'the gate failed while answering this request (gate: internal-error)' });
