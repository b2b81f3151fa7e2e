import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWrittenConstraint } from '../../../src/languages/gatekeeper/constraint.ts';
import { readTemplate } from '../../../src/languages/gatekeeper/constraint-template.ts';
import { constraintCrd } from '../../../src/languages/gatekeeper/crd.ts';
import { jsonText } from '../../../src/languages/rego/builtins/encoding/json-text.ts';
import type { JsonObject, JsonValue } from '../../../src/core/text/json/json.ts';
import { parameterRows } from '../harness/constraint-rows.ts';
import { sharedCluster } from '../harness/shared-cluster.ts';

const kind = 'K8sParameters';
const template: JsonObject = {
  apiVersion: 'templates.gatekeeper.sh/v1',
  kind: 'ConstraintTemplate',
  metadata: { name: kind.toLowerCase() },
  spec: {
    crd: {
      spec: {
        names: { kind },
        validation: {
          openAPIV3Schema: {
            type: 'object',
            properties: Object.fromEntries(parameterRows.map(({ schema }, at) => [`row${at}`, schema])),
          },
        },
      },
    },
    targets: [{ target: 'admission.k8s.gatekeeper.sh', rego: 'package a\nviolation[{"msg": "x"}] { true }' }],
  },
};
const constraint = (row: number, value: JsonValue): JsonObject => ({
  apiVersion: 'constraints.gatekeeper.sh/v1beta1',
  kind,
  metadata: { name: 'one' },
  spec: { parameters: { [`row${row}`]: value } },
});

/** What becomes of a constraint: its parameters as they are stored, or that it is refused. */
type Outcome = { readonly stored: unknown } | { readonly refused: string };

const inFile = (object: JsonObject): Outcome => {
  const read = readTemplate(template, { hasInventory: false });
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const found = readWrittenConstraint(object, read.value);
  if (!found.ok) return { refused: found.error.map(({ message }) => message).join('; ') };
  // A remark would say that nobody knows.
  expect(found.value.remarks).toEqual([]);
  return { stored: JSON.parse(jsonText(found.value.constraint.parameters)) };
};

describe('parameters of constraints mean in files what the API server stores', () => {
  const cluster = sharedCluster();
  const crd = constraintCrd(template);
  const path = `/apis/constraints.gatekeeper.sh/v1beta1/${kind.toLowerCase()}`;
  const name = `${kind.toLowerCase()}.constraints.gatekeeper.sh`;

  const onServer = async (object: JsonObject): Promise<Outcome> => {
    const { status, body, message } = await cluster.api('POST', `${path}?dryRun=All`, object);
    if (status === 422) return { refused: message };
    expect({ status, message }).toEqual({ status: 201, message: '' });
    return { stored: (body['spec'] as { parameters?: unknown }).parameters ?? {} };
  };

  beforeAll(async () => {
    await cluster.must(['apply', '-f', '-'], { input: JSON.stringify(crd) });
    await cluster.must(['wait', '--for=condition=Established', '--timeout=60s', `crd/${name}`]);
  });
  afterAll(async () => {
    await cluster.run(['delete', 'crd', name]);
  });

  const cases = parameterRows.flatMap(({ schema, values }, row) =>
    values.map((value) => [JSON.stringify(schema).slice(0, 120), JSON.stringify(value), row, value] as const),
  );
  it.each(cases)('%s, with %s', async (_schema, _value, row, value) => {
    const object = constraint(row, value);
    const [ours, theirs] = [inFile(object), await onServer(object)];
    if ('stored' in theirs) expect(ours).toEqual(theirs);
    else expect(ours).toHaveProperty('refused');
  });
});
