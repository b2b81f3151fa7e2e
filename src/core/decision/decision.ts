import type { Finding } from './finding.ts';
import type { SkipCode } from '../reasons/reason.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** One image of the judged object. */
export interface JudgedImage {
  /** e.g. `spec.containers[0].image` */
  readonly path: string;
  /** The text as written, escaped and cut at 512 characters. */
  readonly given: string;
  /** Full normalised name with what the runtime would use; absent when the text is no reference. */
  readonly reference?: string;
  /** The digest that was judged: from the text, else what its tag stood for at that time. */
  readonly digest?: string;
  /** Present when the gate tried to look the image up. */
  readonly evidence?: EvidenceTrail;
}

/** How evidence about an image was obtained. */
export interface EvidenceTrail {
  /** For people, in the order tried: `pull secret shop/regcred: denied`, `anonymous: used`. Never a secret. */
  readonly tried: readonly string[];
  /** For people: what the evidence says of the image; absent where its kind says nothing for the record. */
  readonly claims?: readonly string[];
  /** Milliseconds: how old the tag result was that stood in while the registry could not be asked. */
  readonly staleFor?: number;
}

/**
 * The object that was judged. From a manifest it has a file, with line and column (both from 1) of the value of the
 * first denying finding, else of the first finding, else of the object itself.
 */
export interface JudgedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** The decision record: versioned, at most 64 KiB, guarded by golden files. */
export interface Decision {
  readonly apiVersion: 'imagegate.dev/v1alpha1';
  readonly kind: 'Decision';
  /**
   * `<replica>-<time-ordered text>`: later decisions of one replica sort after earlier ones. A repeated decision has
   * the id of the first one: they are one entry of the record.
   */
  readonly id: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  readonly source: 'admission' | 'manifest' | 'image' | 'monitor';
  readonly cluster?: string;
  readonly uid?: string;
  readonly operation?: Operation;
  readonly user?: string;
  /** Whether the caller of the webhook proved to be the API server (`--client-ca`). Admission only. */
  readonly caller?: 'verified' | 'unverified';
  readonly dryRun?: boolean;
  readonly object: JudgedObject;
  readonly images: readonly JudgedImage[];
  /** Ordered by policy, path (indices as numbers), check. */
  readonly findings: readonly Finding[];
  readonly allowed: boolean;
  readonly warnings: readonly string[];
  readonly skipped?: { readonly code: SkipCode; readonly message: string };
  readonly exemptions: readonly string[];
  /** What the decision rests on, e.g. `{ gate: "0.1.0", policies: "sha256:…" }`. */
  readonly versions: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly durations: Readonly<Record<string, number>>;
  /** How many equal decisions this entry of the record stands for; absent for one. The entry shows the latest. */
  readonly count?: number;
  /** The time of the first of them; `time` is that of the latest. */
  readonly firstTime?: string;
  /** Titles of the templates whose constraints have findings, by the kind of the constraint. */
  readonly titles?: Readonly<Record<string, string>>;
  /** How many entries (findings, images, warnings) were left out to keep the record small. */
  readonly truncated?: number;
  /** What of that the answer counts. */
  readonly omitted?: Omitted;
}

/** Entries of a decision that were left out. */
export interface Omitted {
  /** Findings of constraints that deny. */
  readonly constraints: number;
  /** Other findings that deny. */
  readonly policies: number;
  readonly warnings: number;
}

/** What `check -o json` and `decisions -o json` print. */
export interface DecisionList {
  readonly apiVersion: 'imagegate.dev/v1alpha1';
  readonly kind: 'DecisionList';
  readonly items: readonly Decision[];
}
