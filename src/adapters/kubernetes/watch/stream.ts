import { isJsonObject, type JsonObject } from '../../../core/text/json/json.ts';
import { parseJson } from '../../../core/text/json/parse-json.ts';
import { localProblem, printable, type ApiProblem } from '../client/problem.ts';
import type { ApiStream } from '../client/transport.ts';
import type { WatchOptions } from './options.ts';
import { selectorsOf } from './list.ts';
import { metadataOf } from '../../../core/workload/object-metadata.ts';

interface WatchStreamLimits {
  /** `timeoutSeconds` of the watch, in milliseconds. */
  readonly timeout: number;
  readonly maxAge: number;
  readonly maxIdle: number;
  readonly onOpen: () => void;
}

/** How one watch stream ended, and the resource version to continue from. */
type WatchStreamEnd =
  | { readonly end: 'closed'; readonly resourceVersion: string }
  | { readonly end: 'failed'; readonly resourceVersion: string; readonly problem: ApiProblem }
  /** The version is too old (410) or the stream cannot be read: only a new list helps. */
  | { readonly end: 'relist'; readonly resourceVersion: string; readonly problem?: ApiProblem };

const maxLineBytes = 8 * 1024 * 1024;

/**
 * Calls `take` with each complete line of a byte stream. A line longer than `limit` bytes ends it: the API server
 * stores objects of 1.5 MiB at most, so such a line is no event. `take` returns false to stop early.
 */
export const readLines = async (
  bytes: AsyncIterable<Buffer>,
  limit: number,
  take: (line: string) => boolean,
): Promise<'ended' | 'too-long'> => {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      if (size + end - from > limit) return 'too-long';
      parts.push(chunk.subarray(from, end));
      from = end + 1;
      const line = Buffer.concat(parts).toString('utf8').trim();
      parts = [];
      size = 0;
      if (line !== '' && !take(line)) return 'ended';
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
    size += chunk.length - from;
    if (size > limit) return 'too-long';
  }
  return 'ended';
};

/** One watch stream, from opening to its end. */
export const openWatchStream = async <T>(
  options: WatchOptions<T>,
  from: string,
  signal: AbortSignal,
  limits: WatchStreamLimits,
): Promise<WatchStreamEnd> => {
  const { client, target } = options;
  const query = {
    ...selectorsOf(target),
    resourceVersion: from,
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(Math.max(1, Math.round(limits.timeout / 1000))),
  };
  const opened = await client.stream({ ...target, verb: 'watch', query }, signal);
  if (!opened.ok) {
    return opened.error.status === 410
      ? { end: 'relist', resourceVersion: from }
      : { end: 'failed', resourceVersion: from, problem: opened.error };
  }
  limits.onOpen();
  return readEvents(options, from, opened.value, limits);
};

const readEvents = async <T>(
  options: WatchOptions<T>,
  from: string,
  stream: ApiStream,
  limits: WatchStreamLimits,
): Promise<WatchStreamEnd> => {
  let state: WatchStreamEnd = { end: 'closed', resourceVersion: from };
  const whole = setTimeout(() => stream.close(), Math.max(0, limits.maxAge));
  const idle = setTimeout(() => stream.close(), limits.maxIdle);
  try {
    const end = await readLines(refreshing(stream.bytes, idle), maxLineBytes, (line) => {
      state = applyEvent(options, line, state.resourceVersion);
      return state.end === 'closed';
    });
    if (state.end !== 'closed') return state;
    const { resourceVersion } = state;
    if (end === 'too-long') {
      return {
        end: 'relist',
        resourceVersion,
        problem: localProblem('TooLarge', `a watch event of more than ${maxLineBytes} bytes`),
      };
    }
    const problem = stream.problem();
    return problem === undefined ? state : { end: 'failed', resourceVersion, problem };
  } finally {
    clearTimeout(whole);
    clearTimeout(idle);
    stream.close();
  }
};

/** Restarts the idle timer with every chunk. */
async function* refreshing(bytes: AsyncIterable<Buffer>, idleTimer: NodeJS.Timeout): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    idleTimer.refresh();
    yield chunk;
  }
}

const applyEvent = <T>(options: WatchOptions<T>, line: string, from: string): WatchStreamEnd => {
  const event = parseEvent(line);
  if (event === undefined) {
    const problem = localProblem(
      'BadAnswer',
      `the watch of ${options.target.resource.resource} sent no JSON`,
    );
    return { end: 'relist', resourceVersion: from, problem };
  }
  const { type, object } = event;
  if (type === 'ERROR') return errorEvent(object, from);
  const version = metadataOf(object)['resourceVersion'];
  const resourceVersion = typeof version === 'string' && version !== '' ? version : from;
  if (type === 'BOOKMARK') return { end: 'closed', resourceVersion };
  const item = options.read(object);
  if (item !== undefined) {
    if (type === 'DELETED') options.sink.delete(item);
    else if (type === 'ADDED' || type === 'MODIFIED') options.sink.upsert(item);
  }
  return { end: 'closed', resourceVersion };
};

const errorEvent = (status: JsonObject, from: string): WatchStreamEnd => {
  if (status['code'] === 410) return { end: 'relist', resourceVersion: from };
  const code = typeof status['code'] === 'number' ? status['code'] : 0;
  const reason = typeof status['reason'] === 'string' ? status['reason'] : 'Unknown';
  const message =
    typeof status['message'] === 'string' ? printable(status['message']) : 'the watch reported an error';
  return { end: 'relist', resourceVersion: from, problem: { status: code, reason, message } };
};

const parseEvent = (line: string): { readonly type: string; readonly object: JsonObject } | undefined => {
  const event = parseJson(line);
  if (!isJsonObject(event) || typeof event['type'] !== 'string' || !isJsonObject(event['object']))
    return undefined;
  return { type: event['type'], object: event['object'] };
};
