import { isJsonObject } from '../../core/text/json/json.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { CredentialSecret } from '../ports.ts';

/** Most characters of one field. The largest in use, service account keys of GAR, have about 3,000. */
const longest = 65_536;
const fields = ['auth', 'username', 'password', 'identitytoken', 'registrytoken'] as const;
type Fields = Readonly<Record<(typeof fields)[number], string>>;

const readFields = (entry: unknown): Result<Fields, string> => {
  if (!isJsonObject(entry)) return fail('it is no object');
  const read: Record<string, string> = {};
  for (const field of fields) {
    const value = entry[field] ?? '';
    if (typeof value !== 'string') return fail(`its ${field} is no text`);
    if (value.length > longest) return fail(`its ${field} is longer than ${longest} characters`);
    read[field] = value;
  }
  return ok(read as Fields);
};

interface Login {
  readonly username: string;
  readonly password: string;
}

/** The text without the NULs at its end. */
const withoutPadding = (text: string): string => {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) end -= 1;
  return text.slice(0, end);
};

const noBase64 = 'its auth is not base64 of USER:PASSWORD';

/**
 * Decodes base64 strictly: other characters, wrong padding and stray bits are refused, not skipped. Line breaks are allowed,
 * since `base64` wraps its output. Padding may be missing, as in Kubernetes.
 */
const decodeAuth = (auth: string): Result<Login, string> => {
  const digits = auth.replaceAll(/[\r\n]/g, '');
  const bare = digits.replace(/={1,2}$/, '');
  if (bare === '' || /[^A-Za-z0-9+/]/.test(bare)) return fail(noBase64);
  if (digits.endsWith('=') && digits.length % 4 !== 0) return fail(noBase64);
  const bytes = Buffer.from(digits, 'base64');
  if (bytes.toString('base64').replace(/={1,2}$/, '') !== bare) return fail(noBase64);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail('its auth is no UTF-8 text');
  }
  const colon = text.indexOf(':');
  if (colon < 0) return fail(noBase64);
  // Old versions of Docker padded the text with NUL.
  return ok({ username: text.slice(0, colon), password: withoutPadding(text.slice(colon + 1)) });
};

const control = /\p{Cc}/u;

/** Whether RFC 7617 allows these texts in Basic credentials. */
const loginProblem = ({ username, password }: Login): string | undefined => {
  if (username.includes(':')) return 'its user name holds a colon';
  if (control.test(username)) return 'its user name holds a control character';
  if (control.test(password)) return 'its password holds a control character, maybe a line break at its end';
  return undefined;
};

/**
 * The secret of one entry: a registry token, else an identity token, else user and password; `auth` wins over
 * `username` and `password`, as in Docker and Kubernetes.
 * @returns undefined for an empty entry: Docker writes `{}` when a helper keeps the secret. The failure says what is wrong
 *   and never quotes a value (B37).
 */
export const readEntrySecret = (entry: unknown): Result<CredentialSecret | undefined, string> => {
  const read = readFields(entry);
  if (!read.ok) return read;
  const { auth, identitytoken, registrytoken } = read.value;
  // The token becomes part of a header. Attack: a line break in it adds a header.
  if (registrytoken !== '') {
    return !/[^\x21-\x7e]/.test(registrytoken)
      ? ok({ kind: 'bearer', token: registrytoken })
      : fail('its registrytoken holds characters that no token has');
  }
  const login = auth === '' ? ok<Login>(read.value) : decodeAuth(auth);
  if (!login.ok) return login;
  const problem = loginProblem(login.value);
  if (problem !== undefined) return fail(problem);
  const { username, password } = login.value;
  if (identitytoken !== '') {
    if (control.test(identitytoken)) return fail('its identitytoken holds a control character');
    return ok({ kind: 'identity-token', ...(username === '' ? {} : { username }), token: identitytoken });
  }
  return ok(username === '' && password === '' ? undefined : { kind: 'basic', username, password });
};
