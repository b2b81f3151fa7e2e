import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { provenanceOf } from './provenance.ts';

const v1 = 'https://slsa.dev/provenance/v1';
const v02 = 'https://slsa.dev/provenance/v0.2';
const builder = { id: 'https://github.com/actions/runner' };
const ofV1 = (externalParameters: JsonObject, resolvedDependencies: readonly JsonObject[] = []) =>
  provenanceOf(v1, {
    buildDefinition: { externalParameters, resolvedDependencies },
    runDetails: { builder },
  });

describe('what SLSA provenance says', () => {
  test.each<[string, JsonObject, string[], string[]]>([
    [
      'a workflow of GitHub',
      { workflow: { ref: 'refs/tags/v1', repository: 'https://github.com/acme/web', path: '.github/x.yml' } },
      ['https://github.com/acme/web'],
      ['refs/tags/v1'],
    ],
    [
      'Google Cloud Build',
      { buildConfigSource: { ref: 'refs/heads/main', repository: 'git+https://github.com/acme/web' } },
      ['https://github.com/acme/web'],
      ['refs/heads/main'],
    ],
    [
      'BuildKit',
      { configSource: { uri: 'https://github.com/acme/web.git#refs/tags/v1:sub', path: 'Dockerfile' } },
      ['https://github.com/acme/web.git'],
      ['refs/tags/v1'],
    ],
    [
      'a source as a text',
      { source: 'git+https://gitlab.com/acme/web@refs/heads/main' },
      ['https://gitlab.com/acme/web'],
      ['refs/heads/main'],
    ],
    [
      'a user in a URL',
      { source: 'ssh://git@host.example/acme/web' },
      ['ssh://git@host.example/acme/web'],
      [],
    ],
    [
      'each source that was named: none may hide behind another',
      { source: 'https://github.com/evil/web', workflow: { repository: 'https://github.com/acme/web' } },
      ['https://github.com/acme/web', 'https://github.com/evil/web'],
      [],
    ],
    ['nothing', {}, [], []],
    ['what is no source', { source: 7, workflow: [] }, [], []],
  ])('v1: %s', (_who, external, sources, refs) => {
    expect(ofV1(external)).toEqual({ builder: builder.id, sources, refs });
  });

  test('dependencies stand for the source only where nothing else does', () => {
    const dependencies = [
      { uri: 'git+https://github.com/other/lib@refs/heads/main' },
      { uri: 'pkg:docker/alpine' },
    ];
    expect(ofV1({}, dependencies)).toMatchObject({ sources: ['https://github.com/other/lib'] });
    const named = { workflow: { repository: 'https://github.com/acme/web', ref: 'refs/heads/main' } };
    expect(ofV1(named, dependencies)).toMatchObject({ sources: ['https://github.com/acme/web'] });
  });

  test('v0.2', () => {
    const predicate = {
      builder: { id: 'https://github.com/slsa-framework/slsa-github-generator/x@refs/tags/v1' },
      invocation: { configSource: { uri: 'git+https://github.com/acme/web@refs/tags/v1' } },
      materials: [{ uri: 'git+https://github.com/other/lib@refs/heads/main' }],
    };
    expect(provenanceOf(v02, predicate)).toEqual({
      builder: predicate.builder.id,
      sources: ['https://github.com/acme/web'],
      refs: ['refs/tags/v1'],
    });
  });

  test('another predicate says nothing of it', () => {
    expect(provenanceOf('https://spdx.dev/Document', { builder })).toBeUndefined();
    expect(provenanceOf('constructor', { builder })).toBeUndefined();
  });

  test('B9: no more than a claim should hold', () => {
    const many = Array.from({ length: 100 }, (_, at) => ({ uri: `git+https://github.com/acme/${at}` }));
    expect(ofV1({}, many.slice(0, 32))?.sources).toHaveLength(32);
    expect(ofV1({}, many)?.sources).toEqual([]);
    expect(ofV1({ source: `https://x/${'y'.repeat(5000)}` })?.sources).toEqual([]);
  });

  test('what is cut or has no ref is not passed over: all names are in a list, or none is', () => {
    const good = Array.from({ length: 32 }, (_, at) => ({
      uri: `git+https://github.com/acme/${at}@refs/tags/v1`,
    }));
    const long = { uri: `git+https://github.com/acme/${'x'.repeat(2100)}/evil@refs/tags/v1` };
    const bare = { uri: 'git+https://github.com/acme/lib' };
    expect(ofV1({}, good)).toMatchObject({ refs: ['refs/tags/v1'] });
    expect(ofV1({}, [...good, { uri: 'git+https://github.com/evil/web@refs/tags/v1' }])?.sources).toEqual([]);
    expect(ofV1({}, [...good.slice(0, 2), long])?.sources).toEqual([]);
    expect(ofV1({}, [...good.slice(0, 2), bare])).toMatchObject({ refs: [] });
  });
});
