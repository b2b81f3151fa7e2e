import { createHash, createPublicKey, randomBytes, sign } from 'node:crypto';
import { createCa, type KeyedCertificate } from '../../../src/adapters/certificate/issue.ts';
import type { FakeAccounts } from '../../fakes/registry/registry-account.ts';
import {
  startFakeTokenServer,
  type FakeTokenServer,
  type TokenRequest,
} from '../../fakes/registry/registry-token.ts';

/** A token server that docker-registry believes. */
export interface SigningTokenServer extends FakeTokenServer {
  readonly service: string;
  readonly issuer: string;
  /** PEM: `rootcertbundle` of the registry. */
  readonly certificate: string;
}
export interface SigningTokenOptions extends FakeAccounts {
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Seconds; 300 unless told. */
  readonly expiresIn?: number;
}

const service = 'docker-registry of the tests';
const issuer = 'token server of the tests';

/**
 * Signs JSON web tokens (ES256) as the distribution project's "Token Authentication Implementation" describes.
 * Anonymous callers get `pull` at most.
 */
export const startSigningTokenServer = async (options: SigningTokenOptions): Promise<SigningTokenServer> => {
  const signer = await createCa({ now: Date.now });
  const expiresIn = options.expiresIn ?? 300;
  const server = await startFakeTokenServer({
    ...options,
    expiresIn,
    mint: (call) => signedToken(signer, claimsOf(call, expiresIn)),
  });
  return { ...server, service, issuer, certificate: signer.cert };
};

const claimsOf = (call: TokenRequest, expiresIn: number): object => {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: issuer,
    sub: call.user ?? '',
    aud: call.service,
    iat: now,
    nbf: now - 10,
    exp: now + expiresIn,
    jti: randomBytes(8).toString('hex'),
    access: call.scopes.flatMap((scope) => accessOf(scope, call)),
  };
};

const accessOf = (scope: string, { granted, user }: TokenRequest): object[] => {
  const [type, name = '', actions = ''] = scope.split(/:(.+):/);
  if (!granted.includes(name)) return [];
  const asked = actions.split(',');
  return [{ type, name, actions: user === undefined ? asked.filter((one) => one === 'pull') : asked }];
};

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const signedToken = ({ key }: KeyedCertificate, claims: object): string => {
  const text = `${part({ typ: 'JWT', alg: 'ES256', kid: keyIdOf(key) })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
};

/** libtrust's form, which docker-registry 2.8 looks keys up by: 240 bits of sha256(SPKI) in base32, in groups of four. */
const keyIdOf = (key: string): string => {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const digest = createHash('sha256').update(spki).digest().subarray(0, 30);
  const bits = [...digest].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const letters = (bits.match(/.{5}/g) ?? []).map((five) => alphabet[Number.parseInt(five, 2)]);
  return (letters.join('').match(/.{4}/g) ?? []).join(':');
};
