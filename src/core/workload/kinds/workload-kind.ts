/** One kind that names images: a table row. A new kind costs one row, here or in the user's `--config`. */
export interface WorkloadKind {
  /** API group, `''` for the core group. */
  readonly group: string;
  /** Plural, lower case, as in webhook rules and URLs. */
  readonly resource: string;
  readonly kind: string;
  /** Present for kinds that live in no namespace: policies then judge them in the namespace `''`, as the webhook does. */
  readonly scope?: 'Cluster';
  /** For webhook rules (R10); absent in a user's row that does not list them. */
  readonly versions?: readonly string[];
  /** Subresources that carry the whole object and can bring in an image. */
  readonly subresources?: readonly string[];
  /**
   * Where pod specs are, e.g. `spec.template.spec`; several where a kind has several. `name[]` is every item of a list,
   * `*` every key of a map.
   */
  readonly podSpec?: string | readonly string[];
  /** Where images are outside of pod specs, e.g. `spec.steps[].image`. Empty without `podSpec`: the kind has none. */
  readonly images?: readonly string[];
  /** Where images are named by URL, `docker://registry.example.com/disk:1`. */
  readonly imageUrls?: readonly string[];
  /** Whether the object may legally lack the pod spec. */
  readonly podSpecOptional: boolean;
  /**
   * Whether a blank image is emitted, and so denied, instead of waiting for a controller to fill it in: Pods only.
   */
  readonly imageRequired: boolean;
  /**
   * Whether its pod specs are merged over the operator's own. Absent or blank fields are usual there, so there is no
   * warning.
   */
  readonly overlay?: true;
  /** Whether containers may lack a name, as in Knative; they are then known by their index. */
  readonly unnamedContainers: boolean;
  /** What marks a variable filled in later (`$(…)` in Tekton); such an image is judged when its Pod is. */
  readonly placeholder?: string;
}

/** Whether the row says that its kind names no image: nothing to judge, and nothing to ask the gate about. */
export const hasNoImages = ({ podSpec, images, imageUrls }: WorkloadKind): boolean =>
  podSpec === undefined && imageUrls === undefined && images?.length === 0;
