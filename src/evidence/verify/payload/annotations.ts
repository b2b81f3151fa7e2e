import { objectOf, type JsonValue } from '../../../core/text/json/json.ts';

/** The texts among signed annotations. A policy compares texts, so numbers and lists never meet one. */
export const textAnnotations = (signed: JsonValue | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(objectOf(signed)).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
