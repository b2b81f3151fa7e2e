import { expect, test } from 'vitest';
import { decodeReview } from '../../src/adapters/webhook/admission/admission-review.ts';
import { encodeReview } from '../../src/adapters/webhook/admission/review-response.ts';
import { parseJson } from '../../src/core/text/json/parse-json.ts';
import { fakeGate } from '../fakes/gate.ts';

const gate = fakeGate({
  policies: {
    fence: {
      match: { namespaces: { exclude: ['open'] } },
      checks: [{ registries: { allow: ['registry.example.com/**'] } }],
    },
  },
  workloads: [{ group: 'example.com', resource: 'fleets', kind: 'Fleet', images: ['spec.*.image'] }],
});
const pod =
  '"object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"a","image":"evil.io/x"}]}}';
const review = (object: string, more = ''): string =>
  `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},"operation":"CREATE","namespace":"shop","name":"p",${object}${more}}}`;

/** What the API server reads of the answer to these bytes. */
const allowed = async (text: string): Promise<boolean> => {
  const decoded = decodeReview(parseJson(text) ?? null, 'unverified');
  if (!decoded.ok) return false;
  const decision = await gate.admit(decoded.value);
  const answer = JSON.parse(encodeReview(decision, 'u')) as { response: { allowed: boolean } };
  expect(answer.response.allowed).toBe(decision.allowed);
  expect(decision.allowed).toBe(!decision.findings.some(({ mode }) => mode === 'Deny'));
  return answer.response.allowed;
};

test.each([
  ['the plain bad Pod', review(pod)],
  [
    'a prototype that holds other containers',
    review(pod.replace('"spec":{', '"spec":{"__proto__":{"containers":[]},')),
  ],
  [
    'a prototype that holds another kind',
    review(pod, ',"__proto__":{"kind":{"group":"","version":"v1","kind":"ConfigMap"}}'),
  ],
  [
    'the same key twice, the bad one last',
    review(pod.replace('"image":', '"image":"registry.example.com/x","image":')),
  ],
  ['the key spelt with an escape', review(pod.replace('"image"', String.raw`"im\u0061ge"`))],
  [
    'the key in another case beside it',
    review(pod.replace('"image":', '"Image":"registry.example.com/x","image":')),
  ],
  ['an object for the list', review(pod.replace('[{', '{"0":{').replace('}]', '}}'))],
  ['a list for the spec', review(pod.replace('"spec":{', '"spec":[{').replace('}]}', '}]}]'))],
  ['a list for an image', review(pod.replace('"evil.io/x"', '["registry.example.com/x"]'))],
  ['null for the image', review(pod.replace('"evil.io/x"', 'null'))],
  ['null for the containers', review(pod.replace('[{"name":"a","image":"evil.io/x"}]', 'null'))],
  ['null for the object', review('"object":null')],
  ['an object of another kind', review(pod.replace('"kind":"Pod"', '"kind":"ConfigMap"'))],
  ['an object of another version', review(pod.replace('"apiVersion":"v1"', '"apiVersion":"v2"'))],
  ['another namespace in the object', review(pod.replace('"name":"p"', '"name":"p","namespace":"open"'))],
  ['labels that are no labels', review(pod.replace('"name":"p"', '"name":"p","labels":[1]'))],
  ['a subresource of a later version', review(pod, ',"subResource":"resize"')],
  ['an operation in another case', review(pod).replace('"CREATE"', '"delete"')],
  [
    'a time of deletion',
    review(pod.replace('"name":"p"', '"name":"p","deletionTimestamp":"2026-01-01T00:00:00Z"')),
  ],
])('a body does not get in by %s', async (_title, text) => {
  expect(await allowed(text)).toBe(false);
});

test('R19: a body does not get in by a key that the engine takes for one that it knows', async () => {
  const fleet = (spec: string): string =>
    review(
      `"object":{"apiVersion":"example.com/v1","kind":"Fleet","metadata":{"name":"f"},"spec":{"known":{},${spec}}}`,
    ).replace(
      '"group":"","version":"v1","kind":"Pod"',
      '"group":"example.com","version":"v1","kind":"Fleet"',
    );
  const good = String.raw`"\\u":{"image":"registry.example.com/x"}`;
  const bad = String.raw`"\u003cx":{"image":"evil.io/x"}`;
  for (let times = 0; times < 5; times++) expect(await allowed(fleet(`${good},"z":{}`))).toBe(true);
  expect(await allowed(fleet(`${bad},${good}`))).toBe(false);
});
