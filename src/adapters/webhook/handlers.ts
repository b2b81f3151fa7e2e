import type { Awaitable } from '../../concurrency/awaitable.ts';
import type { Decision } from '../../core/decision/decision.ts';
import type { AdmissionRequest } from '../../gate/admission-request.ts';
import type { Deadline } from '../../gate/deadline.ts';
import type { Mutation } from '../../gate/mutation/mutation.ts';
import type { RegistryEvents } from '../../gate/prefetch/registry-events.ts';
import type { ImageReviewRequest } from '../../gate/review-images.ts';
import type { RejectedRequest } from './admission/rejection.ts';

/** The use cases. The server reads, decodes, encodes and writes; it decides nothing but rejections. */
export interface WebhookHandlers {
  validate(request: AdmissionRequest, deadline: Deadline): Awaitable<Decision>;
  /** Judges by constraints alone. */
  constraints(request: AdmissionRequest, deadline: Deadline): Awaitable<Decision>;
  /** Has no verdict: whatever goes wrong, the object goes on unchanged. */
  mutate(request: AdmissionRequest, deadline: Deadline): Awaitable<Mutation>;
  imageReview(request: ImageReviewRequest, deadline: Deadline): Awaitable<Decision>;
  /** Makes the denial of a request that was not judged, so that rejections are recorded too. */
  rejected(request: RejectedRequest): Decision;
  /** Called once for each decision, after its answer was handed to the connection: record, log, count. */
  answered(decision: Decision): void;
  /** Absent: `POST /registry-events` is not found. */
  readonly registryEvents?: RegistryEvents;
}

/** An event to count or log; it changed no verdict to an allow. */
export interface WebhookProblem {
  readonly kind:
    | 'handshake'
    | 'connection'
    | 'connection-limit'
    | 'caller-refused'
    | 'event-refused'
    | 'event-dropped'
    | 'handler';
  readonly message: string;
  readonly error?: unknown;
}
export type OnProblem = (problem: WebhookProblem) => void;
