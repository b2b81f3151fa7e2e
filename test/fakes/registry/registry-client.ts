import * as http from 'node:http';
import * as https from 'node:https';

/** What came over the wire, nothing unpacked, followed or checked. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}
export interface RawRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** PEM to trust. */
  readonly ca?: string;
  /** Stops after so many bytes. */
  readonly atMost?: number;
}

const accept = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

/** One request on a connection of its own. Rejects when the connection breaks before the body has ended. */
export const ask = (url: string, options: RawRequest = {}): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', headers, body, ca, atMost = Number.POSITIVE_INFINITY } = options;
    const client = url.startsWith('https:') ? https : http;
    const request = client.request(url, {
      method,
      headers: { accept, ...headers },
      agent: false,
      ...(ca !== undefined && { ca }),
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      const done = (): void =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts),
        });
      response.on('error', reject);
      response.on('end', done);
      response.on('data', (part: Buffer) => {
        parts.push(part);
        bytes += part.length;
        if (bytes < atMost) return;
        done();
        request.destroy();
      });
    });
    request.end(body);
  });

export const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
