import { z } from 'zod';

/** What came of a case of a suite. */
const suiteAnswer = z.strictObject({
  passed: z.boolean(),
  /** What was said of the object, as Go prints a list of texts; else why nobody was asked. */
  messages: z.string(),
});
export type SuiteAnswer = z.infer<typeof suiteAnswer>;

/** What a webhook says of a request, as far as the API server heeds it. */
const reviewAnswer = z.strictObject({
  allowed: z.boolean(),
  /** Of a refusal. */
  code: z.number().exactOptional(),
  message: z.string().exactOptional(),
  warnings: z.array(z.string()),
});
export type ReviewAnswer = z.infer<typeof reviewAnswer>;

/** What Gatekeeper says of the suites of its library. */
export const gatekeeperAnswers = z.strictObject({
  /** Of each case of each suite. */
  suites: z.array(suiteAnswer),
  /** Of each object, with one constraint of each template in force. */
  reviews: z.array(reviewAnswer),
  /** By template: SHA-256 of the CRD that we make, which the API server stores as it stores Gatekeeper's. */
  crds: z.record(z.string(), z.hex()),
});
export type GatekeeperAnswers = z.infer<typeof gatekeeperAnswers>;
