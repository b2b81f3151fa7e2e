/**
 * Words of `cosign attest --type` and the predicate types that they stand for.
 * @see https://github.com/sigstore/cosign/blob/v3.1.3/cmd/cosign/cli/options/predicate.go
 */
const words: Readonly<Record<string, string>> = {
  custom: 'https://cosign.sigstore.dev/attestation/v1',
  slsaprovenance: 'https://slsa.dev/provenance/v0.2',
  slsaprovenance02: 'https://slsa.dev/provenance/v0.2',
  slsaprovenance1: 'https://slsa.dev/provenance/v1',
  spdx: 'https://spdx.dev/Document',
  spdxjson: 'https://spdx.dev/Document',
  cyclonedx: 'https://cyclonedx.org/bom',
  link: 'https://in-toto.io/Link/v1',
  vuln: 'https://cosign.sigstore.dev/attestation/vuln/v1',
  openvex: 'https://openvex.dev/ns',
};

export const predicateTypeWords: readonly string[] = Object.keys(words);

const uri = /^[A-Za-z][A-Za-z0-9+.-]{0,31}:\S/;

/**
 * The predicate type that a word or a URI means; `undefined`: it is neither.
 * @example
 * predicateTypeOf('slsaprovenance1') // 'https://slsa.dev/provenance/v1'
 * predicateTypeOf('slsa') // undefined
 */
export const predicateTypeOf = (text: string): string | undefined => {
  if (Object.hasOwn(words, text)) return words[text];
  return uri.test(text) ? text : undefined;
};
