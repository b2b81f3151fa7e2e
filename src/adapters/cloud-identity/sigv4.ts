import { hash, createHmac } from 'node:crypto';

/** Keys of AWS; temporary ones come with a session token. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A request to `/` without a query: all that the JSON services of AWS need. */
export interface SignableRequest {
  readonly method: 'GET' | 'POST';
  readonly host: string;
  /** All of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface SigningScope {
  readonly region: string;
  readonly service: string;
  readonly keys: AwsKeys;
  /** Milliseconds since 1970; AWS refuses a clock that is more than five minutes off. */
  readonly time: number;
}

const algorithm = 'AWS4-HMAC-SHA256';
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** `20150830T123600Z` */
const stamp = (time: number): string => new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '');

/**
 * The headers of the request with those that prove who sends it: `x-amz-date`, `x-amz-security-token` and
 * `authorization`. `host` is signed too and left to the HTTP client.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export const signed = (request: SignableRequest, scope: SigningScope): Readonly<Record<string, string>> => {
  const { region, service, keys, time } = scope;
  const date = stamp(time);
  const sent: Readonly<Record<string, string>> = {
    ...Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    'x-amz-date': date,
    ...(keys.sessionToken === undefined ? undefined : { 'x-amz-security-token': keys.sessionToken }),
  };
  const headers = Object.entries({ ...sent, host: request.host }).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const names = headers.map(([name]) => name).join(';');
  const lines = headers
    .map(([name, value]) => `${name}:${value.trim().replaceAll(/ {1,1024}/g, ' ')}\n`)
    .join('');
  const canonical = [request.method, '/', '', lines, names, hash('sha256', request.body)].join('\n');
  const day = date.slice(0, 8);
  const place = `${day}/${region}/${service}/aws4_request`;
  const text = [algorithm, date, place, hash('sha256', canonical)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${keys.secretAccessKey}`,
  );
  const signature = hmac(key, text).toString('hex');
  const credential = `${keys.accessKeyId}/${place}`;
  return {
    ...sent,
    authorization: `${algorithm} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
  };
};
