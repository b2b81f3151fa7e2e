import type { JsonObject } from '../../../core/text/json/json.ts';
import { maxNameLength } from '../constraint-template.ts';
import { matchSchema } from '../match-schema.ts';

const text: JsonObject = { type: 'string' };
const list = (items: JsonObject): JsonObject => ({ type: 'array', items });
const object = (properties: JsonObject): JsonObject => ({ type: 'object', properties });

/** The schema of a constraint with these parameters. */
export const constraintSchema = (parameters: JsonObject | undefined): JsonObject =>
  object({
    metadata: object({ name: { type: 'string', maxLength: maxNameLength } }),
    spec: object({
      enforcementAction: { type: 'string', default: 'deny' },
      match: matchSchema,
      ...(parameters === undefined ? {} : { parameters }),
      scopedEnforcementActions: list(
        object({ action: text, enforcementPoints: list(object({ name: text })) }),
      ),
    }),
    status: { 'x-kubernetes-preserve-unknown-fields': true },
  });
