import { createHash } from 'node:crypto';

/** SHA-256 of what something says, in JSON. */
export const digestOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex');
