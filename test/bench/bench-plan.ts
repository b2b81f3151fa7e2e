/** How long everything is measured. */
export interface BenchPlan {
  /** A folder for everything; whoever made it removes it. */
  readonly work: string;
  readonly rounds: number;
  /** Of one round. */
  readonly seconds: number;
  readonly quick: boolean;
  /** Published advisories in the layout of OSV, `<ECOSYSTEM>/all.zip`; absent: nothing is measured with them. */
  readonly advisories?: string;
  /** A checkout of Gatekeeper's library; absent: nothing is measured with it. */
  readonly library?: string;
  /** A built checkout of this program at another time; absent: nothing is measured beside it. */
  readonly before?: string;
}
