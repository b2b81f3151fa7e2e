import { describe, expect, test } from 'vitest';
import { readableScope } from './scope.ts';

const ours = 'repository:team/app:pull';

describe('the scope of a challenge', () => {
  test.each<[string, string, string | undefined]>([
    ['is asked for as it is when it is ours', ours, ours],
    ['keeps reading alone', 'repository:team/app:pull,push,delete', ours],
    [
      'may add what stands before the repository',
      'repository:hub/team/app:pull',
      'repository:hub/team/app:pull',
    ],
    ['may leave that out', 'repository:app:pull', 'repository:app:pull'],
    [
      'keeps the class of a repository',
      'repository(plugin):team/app:pull',
      'repository(plugin):team/app:pull',
    ],
    ['may name several, each once', `${ours} repository:app:pull ${ours}`, `${ours} repository:app:pull`],
    ['B28: never is the repository of somebody else', 'repository:secret/app2:pull', undefined],
    ['B28: never is one whose name only ends alike', 'repository:xteam/app:pull', undefined],
    ['B28: never is to push', 'repository:team/app:push', undefined],
    ['B28: never is everything', 'repository:team/app:*', undefined],
    ['B28: never is the catalogue', 'registry:catalog:*', undefined],
    ['B28: never is a word that we cannot read', 'admin', undefined],
    ['is not followed out of the grammar', 'repository:../x:pull', undefined],
    ['is not followed with more parts than it has', 'repository:team/app:pull:x', undefined],
    ['is not followed when it is empty', '', undefined],
    ['B9: is not followed without end', `repository:${'a/'.repeat(600)}team/app:pull`, undefined],
    ['B9: is not followed in any number', `${ours} `.repeat(9), undefined],
  ])('at a token server on another host %s', (_title, text, want) => {
    expect(readableScope(text, { ours, anyRepository: false })).toBe(want);
  });

  test.each<[string, string, string | undefined]>([
    ['may name any repository', 'repository:other/app:pull,push', 'repository:other/app:pull'],
    ['may be a word', 'aws', 'aws'],
    ['B28: never is to push', 'repository:team/app:push', undefined],
    ['B28: never is the catalogue', 'registry:catalog:*', undefined],
  ])('at the registry itself %s', (_title, text, want) => {
    expect(readableScope(text, { ours, anyRepository: true })).toBe(want);
  });

  test('without a repository nothing is an alias', () => {
    expect(readableScope('repository:app:pull', { ours: undefined, anyRepository: false })).toBeUndefined();
  });
});
