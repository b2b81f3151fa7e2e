/** The object itself if nothing in it is missing: a structure is read as a whole, or not at all. */
export const complete = <T extends object>(fields: {
  readonly [Name in keyof T]: T[Name] | undefined;
}): T | undefined => (Object.values(fields).includes(undefined) ? undefined : (fields as T));
