import { absent, known, unavailableBy } from '../../../core/facts/fact.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import type { Result } from '../../../core/result.ts';
import { readJsonObject } from '../../../core/text/json/json-document.ts';
import type { RegistryAnswer } from '../../../evidence/ports.ts';
import type { Auth } from '../auth/auth.ts';
import { originOf } from '../auth/login-challenge.ts';
import { readContentBody } from './content-body.ts';
import { beyondLimit, invalid, statusAnswer, type ReceivedResponse, type Subject } from './failure.ts';
import { type ReadTarget } from './read-target.ts';
import type { HttpResponse } from '../http/http.ts';
import { nextPage } from './link-header.ts';
import type { RegistrySettings } from '../settings.ts';

/** A list in pages, and how much of it is read. */
interface Listing<T> {
  readonly subject: Subject;
  /** Path and query of the first page. */
  readonly path: string;
  readonly accept: string;
  readonly maxPages: number;
  /** Bytes of one page. */
  readonly maxPageBytes: number;
  readonly maxItems: number;
  /** The items of a page, or why it cannot be read. */
  readonly itemsOf: (page: JsonObject) => Result<readonly T[], string>;
  /** Whether the first response shows that the registry has no such list. Then the list is `absent`. */
  readonly isMissing?: (response: HttpResponse) => boolean;
}

interface Page<T> {
  readonly items: readonly T[];
  /** Path and query of the next page. */
  readonly next: string | undefined;
}

interface PageAnswer extends ReceivedResponse {
  /** The URL of the request. */
  readonly url: URL;
}

const readPage = async <T>(
  answer: PageAnswer,
  listing: Listing<T>,
  target: ReadTarget,
): Promise<RegistryAnswer<Page<T>>> => {
  const { subject, maxPageBytes, itemsOf } = listing;
  const { response, url } = answer;
  if (response.status !== 200) return statusAnswer(answer, subject);
  const body = await readContentBody(response, subject, { max: maxPageBytes }, target.budget);
  if (!body.ok) return unavailableBy(body.error);
  const document = readJsonObject(body.value);
  if (!document.ok) {
    const { kind, why } = document.error;
    return kind === 'limit' ? beyondLimit(subject, why) : invalid(subject, why);
  }
  const items = itemsOf(document.value);
  if (!items.ok) return invalid(subject, items.error);
  const next = nextPage(response.headers['link'], url);
  if (!next.ok) return invalid(subject, next.error);
  return known({ items: items.value, next: next.value });
};

interface PageRequest {
  readonly path: string;
  readonly url: URL;
  readonly isFirst: boolean;
}

/** The items of all pages, or as many as are read. */
interface List<T> {
  readonly items: readonly T[];
  /** There are more than are read. */
  readonly isCut?: true;
}

/** Asks for one page. `absent`: the registry does not have this list at all. */
const askForPage = async <T>(
  auth: Auth,
  target: ReadTarget,
  listing: Listing<T>,
  { path, url, isFirst }: PageRequest,
): Promise<RegistryAnswer<Page<T>>> => {
  const { subject, accept } = listing;
  const answer = await auth.send({ ...target, path, method: 'GET', accept, stage: subject.stage });
  if (!answer.ok) return unavailableBy(answer.error);
  const { response } = answer.value;
  if (isFirst && listing.isMissing?.(response) === true) {
    response.discard();
    return absent;
  }
  const page = await readPage({ ...answer.value, url }, listing, target);
  return page.state === 'absent' && !isFirst ? invalid(subject, 'its next page is not there') : page;
};

/**
 * Reads the pages of a list. All pages have the path of the first one, and no page is read twice (B9: an endless list). A
 * list beyond the limits is cut, which is no failure: who may push decides how long it is (S3).
 */
export const readList = async <T>(
  auth: Auth,
  target: ReadTarget,
  settings: RegistrySettings,
  listing: Listing<T>,
): Promise<RegistryAnswer<List<T>>> => {
  const { subject, maxItems, maxPages } = listing;
  const items: T[] = [];
  const cut = (): RegistryAnswer<List<T>> => known({ items: items.slice(0, maxItems), isCut: true });
  const seen = new Set<string>();
  for (let path: string | undefined = listing.path; path !== undefined;) {
    if (seen.has(path)) return invalid(subject, 'its pages go round in a circle');
    if (seen.size >= maxPages) return cut();
    const request: PageRequest = { path, url: new URL(path, originOf(settings)), isFirst: seen.size === 0 };
    seen.add(path);
    const page: RegistryAnswer<Page<T>> = await askForPage(auth, target, listing, request);
    if (page.state === 'unavailable' && page.why.kind === 'limit') return cut();
    if (page.state !== 'known') return page;
    for (const item of page.value.items) items.push(item);
    if (items.length > maxItems) return cut();
    path = page.value.next;
  }
  return known({ items });
};
