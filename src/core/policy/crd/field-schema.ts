import * as z from 'zod';
import { isJsonObject, type JsonValue } from '../../text/json/json.ts';
import { policySchema } from '../schema/schema.ts';

/** The part of JSON Schema that the policy schema uses; what the CRD and docs/policy-fields.md are made from. */
export interface FieldSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: JsonValue;
  readonly enum?: readonly JsonValue[];
  readonly const?: JsonValue;
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  readonly items?: FieldSchema;
  readonly additionalProperties?: FieldSchema | false;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly nullable?: boolean;
}

/** A schema as JSON Schema, of what people write (before defaults). */
export const fieldSchemaOf = (schema: z.core.$ZodType): FieldSchema =>
  // `never` and `unknown` (metadata.namespace, status) have no form there: they get no type.
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as FieldSchema;

export const policyFieldSchema = (): FieldSchema => fieldSchemaOf(policySchema);

/** Fills in every default of an object, so that `default: {}` can be shown with its meaning. */
export const completeDefault = (schema: FieldSchema): JsonValue | undefined => {
  if (!isJsonObject(schema.default) || schema.properties === undefined) return schema.default;
  const complete: Record<string, JsonValue | undefined> = { ...schema.default };
  for (const [name, field] of Object.entries(schema.properties)) complete[name] ??= completeDefault(field);
  return Object.fromEntries(Object.entries(complete).filter(([, value]) => value !== undefined));
};
