/** One step of a JSON patch (RFC 6902). */
export interface PatchOperation {
  readonly op: 'replace';
  /** JSON pointer (RFC 6901), e.g. `/spec/containers/0/image`. */
  readonly path: string;
  readonly value: string;
}

/** What `/mutate` answers: it has no verdict, that is for `/validate` to say. */
export interface Mutation {
  /** Empty: nothing is changed. */
  readonly patch: readonly PatchOperation[];
  /** For the user. Contains no unescaped text of the object. */
  readonly warnings: readonly string[];
}

export const unchangedObject: Mutation = { patch: [], warnings: [] };
