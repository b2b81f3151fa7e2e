import { isDnsLabel } from '../core/text/dns-name.ts';
import { algorithmOf } from '../core/image/digest.ts';
import { parseReference } from '../core/image/reference.ts';
import { fail, ok, type Result } from '../core/result.ts';

/**
 * Reads `--url`: `https://HOST[:PORT][/PATH]`, under which the API server finds `/validate`. The API server
 * takes neither user, query nor fragment.
 */
export const parseWebhookUrl = (text: string): Result<string, string> => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const refuse = (why: string): Result<never, string> =>
    fail(`--url ${JSON.stringify(text)}: ${why}; write for example https://gate.example.com:8443`);
  if (url === undefined) return refuse('this is no URL');
  if (url.protocol !== 'https:') return refuse('the API server calls webhooks by https only');
  if (url.username !== '' || url.password !== '') return refuse('it must not carry a user');
  if (text.includes('?') || text.includes('#')) return refuse('it must not carry a query or a fragment');
  return ok(`${url.origin}${url.pathname.replace(/\/{1,64}$/, '')}`);
};

/**
 * Reads `--image`: a reference with its digest. No policy judges the gate's own image, so a tag, which can move, is
 * not enough. Returned as it was written: Pods must have exactly this text.
 */
export const parseGateImage = (text: string): Result<string, string> => {
  const reference = parseReference(text);
  const refuse = (why: string): Result<never, string> =>
    fail(`--image ${JSON.stringify(text)}: ${why}; write REGISTRY/REPOSITORY@sha256:DIGEST`);
  if (!reference.ok) return refuse(reference.error.why);
  const { digest } = reference.value;
  if (digest === undefined) return refuse('there is no digest, and a tag can move');
  if (algorithmOf(digest) !== 'sha256') return refuse('the digest is not sha256');
  return ok(text);
};

/** Reads `--namespace`: where the gate runs. */
export const parseGateNamespace = (text: string): Result<string, string> => {
  if (!isDnsLabel(text)) {
    return fail(`--namespace ${JSON.stringify(text)}: this is no name of a namespace`);
  }
  if (['default', 'kube-system', 'kube-public', 'kube-node-lease'].includes(text)) {
    return fail(`--namespace ${text}: the gate needs a namespace of its own: in it nothing else may run`);
  }
  return ok(text);
};
