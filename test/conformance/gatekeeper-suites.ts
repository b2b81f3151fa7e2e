import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { RE2JS } from 're2js';
import { parseDocument } from 'yaml';
import {
  isJsonObject,
  objectOf,
  textOf,
  type JsonObject,
  type JsonValue,
} from '../../src/core/text/json/json.ts';
import { compileRego, type ModuleSource } from '../../src/languages/rego/policy.ts';
import { parseModule } from '../../src/languages/rego/syntax/parse-module.ts';
import { valueOfJson } from '../../src/languages/rego/values/json-value.ts';
import { RegoObject, RegoSet } from '../../src/languages/rego/values/value.ts';

/** One case of a suite of gator: a template, a constraint, an object, and what must be said of it. */
export interface SuiteCase {
  readonly name: string;
  /** Why it failed; `undefined`: it did not. */
  readonly run: () => string | undefined;
}

const read = (file: string): JsonObject => objectOf(parseDocument(readFileSync(file, 'utf8')).toJS());
const list = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
const objects = (value: JsonValue | undefined): readonly JsonObject[] => list(value).filter(isJsonObject);
const within = (value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>((found, step) => objectOf(found)[step], value);

export const isSuite = (file: string): boolean =>
  basename(file) === 'suite.yaml' && read(file)['kind'] === 'Suite';

const groupOf = (apiVersion: string): readonly [string, string] => {
  const [first = '', second] = apiVersion.split('/');
  return second === undefined ? ['', first] : [first, second];
};

/** The request of a review, as gator makes one of a bare object. */
const requestOf = (document: JsonObject): JsonObject => {
  if (document['kind'] === 'AdmissionReview') {
    const request = objectOf(document['request']);
    return request['operation'] === 'DELETE' ? { ...request, object: request['oldObject'] ?? null } : request;
  }
  const [group, version] = groupOf(textOf(document['apiVersion']));
  return {
    uid: '',
    kind: { group, version, kind: textOf(document['kind']) },
    name: textOf(within(document, 'metadata', 'name')),
    namespace: textOf(within(document, 'metadata', 'namespace')),
    operation: '',
    userInfo: {},
    object: document,
    oldObject: null,
  };
};

const isIn = (names: JsonValue | undefined, name: string): boolean =>
  list(names).length === 0 || list(names).some((one) => one === '*' || one === name);

const matchesName = (glob: string, name: string): boolean => {
  const bare = glob.replace(/^\*/, '').replace(/\*$/, '');
  if (glob.startsWith('*') && glob.endsWith('*')) return name.includes(bare);
  if (glob.endsWith('*')) return name.startsWith(bare);
  return glob.startsWith('*') ? name.endsWith(bare) : name === glob;
};

const isMatched = (constraint: JsonObject, request: JsonObject): boolean => {
  const match = objectOf(within(constraint, 'spec', 'match'));
  const { group, kind } = objectOf(request['kind']);
  const kinds = objects(match['kinds']);
  const isKind = kinds.some(
    (one) => isIn(one['apiGroups'], textOf(group)) && isIn(one['kinds'], textOf(kind)),
  );
  const namespace = textOf(request['namespace']);
  const names = (field: string): boolean =>
    list(match[field]).some((glob) => matchesName(textOf(glob), namespace));
  const isNamespace =
    namespace === '' ||
    ((list(match['namespaces']).length === 0 || names('namespaces')) && !names('excludedNamespaces'));
  return (kinds.length === 0 || isKind) && isNamespace;
};

/** Objects as `data.inventory` holds them. */
const inventoryOf = (documents: readonly JsonObject[]): JsonObject => {
  const root: Record<string, Record<string, unknown>> = { namespace: {}, cluster: {} };
  for (const document of documents) {
    const namespace = textOf(within(document, 'metadata', 'namespace'));
    const path = [
      ...(namespace === '' ? ['cluster'] : ['namespace', namespace]),
      ...['apiVersion', 'kind'].map((field) => textOf(document[field])),
    ];
    let place: Record<string, unknown> = root;
    for (const step of path) place = (place[step] ??= {}) as Record<string, unknown>;
    place[textOf(within(document, 'metadata', 'name'))] = document;
  }
  return root as unknown as JsonObject;
};

interface Source {
  readonly rego: string;
  readonly libs: readonly string[];
  readonly version: 'v0' | 'v1';
}

const sourceOf = (template: JsonObject): Source => {
  const [target = {}] = objects(within(template, 'spec', 'targets'));
  const code = objects(target['code']).find(({ engine }) => engine === 'Rego');
  const source = code === undefined ? target : objectOf(code['source']);
  const libs = list(source['libs']).map(textOf);
  return { rego: textOf(source['rego']), libs, version: source['version'] === 'v1' ? 'v1' : 'v0' };
};

interface Given {
  readonly template: JsonObject;
  readonly constraint: JsonObject;
  readonly request: JsonObject;
  readonly inventory: readonly JsonObject[];
}

/** The messages of a template about a request, or why there are none. */
const messagesOf = ({ template, constraint, request, inventory }: Given): readonly string[] | string => {
  if (!isMatched(constraint, request)) return [];
  const { rego, libs, version } = sourceOf(template);
  const sources = [rego, ...libs].map((text, at): ModuleSource => ({ file: `${at}.rego`, text, version }));
  const entry = parseModule(rego, version);
  const policy = compileRego(sources);
  if (!entry.ok || !policy.ok)
    return policy.ok ? 'no module' : policy.error.map(({ message }) => message).join('; ');
  const answer = policy.value.document([...entry.value.package, 'violation'], {
    input: RegoObject.of([
      ['review', valueOfJson({ ...request, namespaceObject: null }, 'float64')],
      ['parameters', valueOfJson(within(constraint, 'spec', 'parameters') ?? {}, 'int64')],
    ]),
    data: RegoObject.of([['inventory', valueOfJson(inventoryOf(inventory), 'float64')]]),
    surroundings: { now: 0n, seed: 'suite' },
  });
  if (!answer.ok) return [answer.error.message];
  const found = answer.value instanceof RegoSet ? answer.value.sorted() : [];
  return found.flatMap((one) => {
    const message = one instanceof RegoObject ? one.get('msg') : undefined;
    return typeof message === 'string' ? [message] : [];
  });
};

const isRight = (assertion: JsonObject, messages: readonly string[]): boolean => {
  const pattern =
    assertion['message'] === undefined ? undefined : RE2JS.compile(textOf(assertion['message']));
  const count = messages.filter((message) => pattern?.matcher(message).find() ?? true).length;
  const wanted = assertion['violations'] ?? 'yes';
  if (typeof wanted === 'number') return count === wanted;
  return wanted === 'no' || wanted === false ? count === 0 : count > 0;
};

const judged = (given: Given, assertions: readonly JsonObject[]): string | undefined => {
  const messages = messagesOf(given);
  if (typeof messages === 'string') return messages;
  const wrong = assertions.find((assertion) => !isRight(assertion, messages));
  return wrong === undefined
    ? undefined
    : `${JSON.stringify(messages)}, where ${JSON.stringify(wrong)} is wanted`;
};

/** The cases of a suite, each by the names of its test and its own. */
export const suiteCasesOf = (file: string): readonly SuiteCase[] => {
  const at = (path: JsonValue | undefined): JsonObject => read(join(dirname(file), textOf(path)));
  return objects(read(file)['tests']).flatMap((test) =>
    objects(test['cases']).map((one) => ({
      name: `${textOf(test['name'])} ${textOf(one['name'])}`,
      run: () =>
        judged(
          {
            template: at(test['template']),
            constraint: at(test['constraint']),
            request: requestOf(at(one['object'])),
            inventory: list(one['inventory']).map(at),
          },
          objects(one['assertions']),
        ),
    })),
  );
};
