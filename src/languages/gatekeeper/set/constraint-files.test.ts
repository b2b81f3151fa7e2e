import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../../core/policy/load/document.ts';
import { atOnce } from '../../../core/steps.ts';
import type { GatekeeperDocument } from '../../../core/trust-root/policy-file.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { createConstraintFiles } from './constraint-files.ts';

const document = (gatekeeper: JsonObject): GatekeeperDocument => ({
  file: 'policies.yaml',
  gatekeeper,
  line: 1,
  column: 1,
  locate: (path) => ({ line: path.length, column: 1 }),
});
const template = (rule: string): GatekeeperDocument =>
  document({
    apiVersion: 'templates.gatekeeper.sh/v1',
    kind: 'ConstraintTemplate',
    metadata: { name: 'k8sbad' },
    spec: {
      crd: {
        spec: {
          names: { kind: 'K8sBad' },
          validation: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                at: { type: 'string', format: 'date' },
                max: { type: 'integer', 'x-kubernetes-validations': [{ rule }] },
              },
            },
          },
        },
      },
      targets: [
        { target: 'admission.k8s.gatekeeper.sh', rego: 'package a\nviolation[{"msg": "x"}] { true }' },
      ],
    },
  });
const constraint = (parameters: JsonObject, more: JsonObject = {}): GatekeeperDocument =>
  document({
    apiVersion: 'constraints.gatekeeper.sh/v1beta1',
    kind: 'K8sBad',
    metadata: { name: 'bad' },
    spec: { parameters, ...more },
  });

const read = (...documents: readonly GatekeeperDocument[]) => {
  const found = atOnce(createConstraintFiles((text) => text.length.toString())(documents));
  return found.ok
    ? { remarks: found.value.remarks.map(formatProblem) }
    : { problems: found.error.map(formatProblem) };
};

describe('rules of a schema, asked about constraints of files', () => {
  test('one that is kept', () => {
    expect(read(template('self < 10'), constraint({ max: 9 }))).toEqual({ remarks: [] });
  });

  test('one that is broken is a problem of the constraint', () => {
    expect(read(template('self < 10'), constraint({ max: 10 }))).toEqual({
      problems: ['policies.yaml:3:1: failed rule: self < 10'],
    });
  });

  test('one that nobody can evaluate here is told once, of the template', () => {
    const { remarks } = read(template('isQuantity(string(self))'), constraint({ max: 10 }));
    expect(remarks).toHaveLength(1);
    expect(remarks?.[0]).toContain(
      'the API server evaluates this rule, and nothing here does: it names isQuantity()',
    );
  });
});
