/** How a stream of lines ended. */
export type LinesEnd = 'ended' | 'too-long';

/**
 * Calls `take` with each complete line of a byte stream. A line longer than `limit` bytes ends it: the API server
 * stores objects of 1.5 MiB at most, so such a line is no event. `take` returns false to stop early.
 */
export const readLines = async (
  bytes: AsyncIterable<Buffer>,
  limit: number,
  take: (line: string) => boolean,
): Promise<LinesEnd> => {
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
