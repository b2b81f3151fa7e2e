import { describe, expect, test } from 'vitest';
import { compileName, nameTypes } from './distinguished-name.ts';

const matches = (dn: string, subject: string): boolean => {
  const compiled = compileName(dn);
  if (!compiled.ok) throw new Error(compiled.error);
  return compiled.value(subject);
};
const acme = 'CN=release,O=Acme\\, Inc.,ST=BE,C=DE';
const every = nameTypes.map((type) => `${type}=x`).join(',');

test.each([
  ['attributes in another order, with spaces', 'C=DE, ST=BE, O=Acme\\, Inc.', acme, true],
  ['no country, state and organization, which Notation wants', 'CN=release', acme, true],
  ['every type that is compared', every, every, true],
  ['types in lower case', 'c=DE,o=Acme\\, Inc.', acme, true],
  ['all of them', acme, acme, true],
  ['another value', 'C=DE, O=Acme', acme, false],
  ['another case of a value', 'O=acme\\, inc.', acme, false],
  ['an attribute that is not there', 'O=Acme\\, Inc., OU=Release', acme, false],
  ['an attribute that is there twice', 'O=Acme', 'O=Acme,O=Evil,C=DE', false],
  ['the same, joined by a plus', 'O=Acme', 'O=Acme+O=Evil,C=DE', false],
  ['one of several that a plus joins', 'CN=a, O=Acme', 'CN=a+UID=7,O=Acme', true],
  ['an attribute within a value', 'O=Acme', 'CN=x\\,O=Acme,C=DE', false],
  ['a space that belongs to the value', 'O=\\ Acme', 'O=\\ Acme', true],
  ['the same without it', 'O=Acme', 'O=\\ Acme', false],
  ['a character as two digits', 'O=Acme\\2C Inc.', 'O=Acme\\, Inc.', true],
  ['bytes that are no text', 'O=#0c0441636d65'.replace('#', '\\#'), 'O=#0c0441636d65', false],
  ['a name that cannot be read', 'O=Acme', 'O=Acme,nonsense', false],
  ['no name', 'O=Acme', '', false],
  ['R24: a name of 5,000 characters', 'O=Acme', `O=Acme,CN=${'x'.repeat(5000)}`, false],
])('%s', (_title, dn, subject, want) => expect(matches(dn, subject)).toBe(want));

describe('what is no such name is refused', () => {
  test.each([
    ['nothing', '', 'must be attributes'],
    ['a name alone', 'Acme', 'must be attributes'],
    ['no value', 'O=', 'must be attributes'],
    ['a comma at the end', 'O=Acme,', 'must be attributes'],
    ['quotes', 'O="Acme"', 'must be attributes'],
    ['a backslash before a letter', 'O=Ac\\me', 'must be attributes'],
    ['a backslash at the end', 'O=Acme\\', 'must be attributes'],
    ['a type twice', 'O=Acme, o=Other', 'names O twice'],
    ['bytes', 'O=#0c04', 'no text'],
    ['a state as Windows writes it', 'C=US, S=WA, O=Acme', 'names S, which is not compared: write ST'],
    ['an address', 'O=Acme, emailAddress=dev@acme.example', 'write an address as `subject`'],
    [
      'a type that no certificate is compared by',
      'O=Acme, serialNumber=7',
      'use CN, L, ST, O, OU, C, STREET, DC, UID',
    ],
    ['an identifier', 'O=Acme, 2.5.4.5=7', 'names 2.5.4.5, which is not compared'],
    ['a word that every object has', 'O=Acme, constructor=7', 'names CONSTRUCTOR'],
    ['a place alone', 'C=DE, ST=BE', 'names nobody'],
  ])('%s', (_title, dn, want) => {
    expect(compileName(dn)).toMatchObject({ ok: false, error: expect.stringContaining(want) });
  });
});
