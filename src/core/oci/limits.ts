/** How much of a manifest, an index or a config is read (B9). */
export interface OciLimits {
  readonly layers: number;
  /** Images behind one named index, nested ones included. */
  readonly indexChildren: number;
  readonly labels: number;
  /** Characters of all labels together, of a user, and of an entrypoint. */
  readonly labelBytes: number;
}
