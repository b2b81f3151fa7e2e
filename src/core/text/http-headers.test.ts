import { expect, test } from 'vitest';
import { plainHeaders } from './http-headers.ts';

test('names are in lower case, repeated headers are joined, and one without a value is empty', () => {
  expect(plainHeaders({ Link: '<a>', 'WWW-Authenticate': ['Basic', 'Bearer'], te: undefined })).toEqual({
    link: '<a>',
    'www-authenticate': 'Basic, Bearer',
    te: '',
  });
});
