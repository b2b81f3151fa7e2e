import { objectOf, textOf, type JsonObject } from '../../core/text/json/json.ts';

/** What a template says of the CRD of its constraints, of a broken template as well. */
export const crdFieldsOf = (template: JsonObject): JsonObject =>
  objectOf(objectOf(objectOf(template['spec'])['crd'])['spec']);

/** The kind of the constraints of a template, as it is written; `''`: it names none. */
export const writtenKind = (template: JsonObject): string =>
  textOf(objectOf(crdFieldsOf(template)['names'])['kind']);
