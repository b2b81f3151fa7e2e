import { describe, expect, test } from 'vitest';
import { lintPattern } from './pattern-lint.ts';
import { compilePattern, type PatternUse } from './pattern.ts';

const lint = (use: PatternUse, text: string): readonly string[] => {
  const result = compilePattern(text, use);
  if (!result.ok) throw new Error(result.error.why);
  return lintPattern(result.value);
};

describe('lintPattern warns about', () => {
  test.each([
    ['** in allow', 'allow', '**', 'trusts every image of every registry'],
    ['** in platform', 'platform', '**', '** in platform trusts every image'],
    ['** in deny', 'deny', '**', 'refuses every image'],
    [
      'the whole of Docker Hub',
      'allow',
      'docker.io/**',
      'anyone with a Docker account can push there; write docker.io/your-organisation/**',
    ],
    ['the whole of Docker Hub, two levels', 'allow', 'docker.io/*/*', 'trusts every owner on docker.io'],
    ['the whole of quay.io', 'allow', 'quay.io/**', 'anyone with a Red Hat account'],
    ['the whole of ghcr.io', 'platform', 'ghcr.io/**', 'anyone with a GitHub account'],
    ['the whole of gcr.io', 'allow', 'gcr.io/**', 'anyone with a Google Cloud project'],
    [
      'the whole of Artifact Registry',
      'allow',
      'europe-docker.pkg.dev/**',
      'anyone with a Google Cloud project',
    ],
    ['the whole of public.ecr.aws', 'allow', 'public.ecr.aws/**', 'anyone with an AWS account'],
    ['the whole of mcr.microsoft.com', 'allow', 'mcr.microsoft.com/**', 'every product group of Microsoft'],
    ['the whole of registry.gitlab.com', 'allow', 'registry.gitlab.com/**', 'anyone with a GitLab account'],
    ['a shared registry with a port', 'allow', 'ghcr.io:443/**', 'anyone with a GitHub account'],
    ['every owner of one repository name', 'allow', 'ghcr.io/*/x', 'trusts every owner on ghcr.io'],
    ['every owner at any depth', 'allow', 'ghcr.io/**/x', 'trusts every owner on ghcr.io'],
    ['a wildcard in the owner', 'allow', 'ghcr.io/team*/x', 'also trusts ghcr.io/team-evil'],
    ['a registry without owners', 'allow', 'ttl.sh/x', 'without any account'],
    ['a prefix wildcard before a slash', 'allow', 'a.io/team*/**', 'also matches team-evil'],
    ['a suffix wildcard before a slash', 'allow', 'a.io/*team/x', 'also matches evil-team'],
    ['a wildcard after a dash', 'allow', 'a.io/team-*/x', 'also matches team-evil'],
    ['host/* in allow', 'allow', 'a.io/*', 'allows a.io/app but not a.io/team/app'],
    ['host/* in deny', 'deny', 'a.io/*', 'denies a.io/app but not a.io/team/app'],
    ['host/team/* in deny', 'deny', 'a.io/team/*', 'denies a.io/team/app but not a.io/team/team/app'],
    ['a default port in allow', 'allow', 'a.io:443/team/**', 'only images that are written with :443'],
    ['a port in deny', 'deny', 'a.io:5000/**', 'covers port 5000 of a.io only'],
    [
      'another name of Docker Hub in allow',
      'allow',
      'registry-1.docker.io/library/x',
      'compared as docker.io',
    ],
    [
      'another name of Docker Hub in deny',
      'deny',
      'registry.hub.docker.com/**',
      'covers one name of Docker Hub only',
    ],
    ['a host without a domain', 'allow', 'FOO/x', 'every node decides'],
    [
      'a component that ends in a separator',
      'allow',
      'a.io/team-/x',
      'can never match an image, because no repository has the component team-',
    ],
    ['a component with two dots', 'deny', 'a.io/a..b', 'can never match'],
    ['a wildcard that cannot help', 'allow', 'a.io/-*', 'can never match'],
    ['three underscores', 'allow', 'a.io/a___*', 'can never match'],
  ] as const)('%s', (_title, use, text, want) => {
    expect(lint(use, text).join('\n')).toContain(want);
  });
});

describe('lintPattern is silent about', () => {
  test.each([
    ['one team of an own registry', 'allow', 'registry.example.com/team/**'],
    ['a whole registry of one owner', 'allow', 'registry.example.com/**'],
    ['a registry at its own port', 'allow', 'registry.example.com:5000/**'],
    ['one owner of a shared registry', 'allow', 'ghcr.io/organisation/**'],
    ['the official images', 'allow', 'docker.io/library/*'],
    ['one level in platform', 'platform', 'cr.l5d.io/linkerd/*'],
    ['a name prefix in the last component', 'allow', 'registry.example.com/team/app-*'],
    ['** in match', 'match', '**'],
    ['a shared registry in deny', 'deny', 'docker.io/**'],
    ['a shared registry in match', 'match', 'ghcr.io/**'],
    ['the official images in deny', 'deny', 'docker.io/library/*'],
    ['wildcards beside separators', 'allow', 'registry.example.com/a/x_*-y'],
  ] as const)('%s', (_title, use, text) => {
    expect(lint(use, text)).toEqual([]);
  });
});

test('every warning is a sentence that says what to do instead, or why nothing can be done', () => {
  const texts = [
    '**',
    'docker.io/**',
    'ghcr.io/t*/x',
    'a.io/t*/x',
    'a.io/*',
    'a.io:443/x',
    'FOO/x',
    'a.io/a..b',
  ];
  for (const text of texts) {
    for (const warning of lint('allow', text)) expect(warning).toMatch(/^[^\n]+[;:] [^\n]+\.$/);
  }
});
