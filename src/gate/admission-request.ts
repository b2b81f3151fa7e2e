import type { Operation } from '../core/decision/decision.ts';
import type { JsonObject } from '../core/text/json/json.ts';

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}
export interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** An `AdmissionRequest` of admission.k8s.io/v1 after decoding: only what the gate reads, shapes checked. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  /** Empty when the request is for the object itself. */
  readonly subResource: string;
  readonly name: string;
  /** `request.namespace`; empty for cluster-scoped objects. Never taken from the object. */
  readonly namespace: string;
  readonly operation: Operation;
  readonly user: string;
  readonly groups: readonly string[];
  readonly dryRun: boolean;
  readonly object: JsonObject | null;
  readonly oldObject: JsonObject | null;
  /** All of it, as it came: templates of constraints may look at any field. */
  readonly sent: JsonObject;
  readonly caller: 'verified' | 'unverified';
}
