import { describe, expect, test } from 'vitest';
import { compileRego } from '../policy.ts';
import { valueText } from '../values/value-text.ts';
import { builtins } from './builtins.ts';
import { builtinSignatures } from './signatures.ts';

const valueOf = (expression: string): string => {
  const compiled = compileRego([{ file: 'a.rego', text: `package a\np := ${expression}`, version: 'v1' }]);
  if (!compiled.ok) return compiled.error.map(({ message }) => message).join('; ');
  const answer = compiled.value.document(['a', 'p'], { surroundings: { now: 0n, seed: 's' } });
  if (!answer.ok) return answer.error.message;
  return answer.value === undefined ? 'undefined' : valueText(answer.value);
};

test('every builtin that has a signature is there, and no other but print', () => {
  const known = [...builtinSignatures.keys()].filter(
    (name) => !['assign', 'internal.member_2'].includes(name),
  );
  expect(known.filter((name) => !builtins.has(name))).toEqual([]);
  expect([...builtins.keys()].filter((name) => !builtinSignatures.has(name))).toEqual(['print']);
});

describe('sprintf writes as Go does', () => {
  test.each([
    ['"%s", ["a"]', 'a'],
    ['"%v", [{"b", "a"}]', '{"a", "b"}'],
    ['"%v", [{"k": [1]}]', '{"k": [1]}'],
    ['"%s", [5]', '%!s(int=5)'],
    ['"%d", [1.5]', '%!d(float64=1.5)'],
    ['"%d", []', '%!d(MISSING)'],
    ['"%d", ["x"]', '%!d(string=x)'],
    ['"a", [1, "b"]', 'a%!(EXTRA int=1, string=b)'],
    ['"%05d|%-4d|%+d|%x", [42, 7, 1, 255]', '00042|7   |+1|ff'],
    ['"%.2f %8.3f %e", [3.14159, 2.5, 12345.678]', '3.14    2.500 1.234568e+04'],
    ['"%q %c %U", ["a\\"b", 65, 8364]', '"a\\"b" A U+20AC'],
    ['"%[2]s %[1]s", ["a", "b"]', 'b a'],
    ['"100%%", []', '100%'],
    ['"%", []', '%!(NOVERB)'],
    ['"%t", [true]', '%!t(string=true)'],
    ['"%v %v", [null, 1e6]', 'null 1e+06'],
  ])('sprintf(%s)', (args, want) => {
    expect(valueOf(`sprintf(${args})`)).toBe(JSON.stringify(want));
  });
});

describe('texts', () => {
  test.each([
    ['lower("\u0130I\u03a3")', '"ii\u03c3"'],
    ['upper("stra\u00dfe \u0149 \u01c6")', '"STRA\u00dfE \u0149 \u01c4"'],
    ['count("a\u{1F600}")', '2'],
    ['substring("a\u{1F600}bc", 1, 2)', '"\u{1F600}b"'],
    ['indexof("\u{1F600}b", "b")', '1'],
    ['indexof_n("abab", "b")', '[1, 3]'],
    ['split("a\u{1F600}", "")', '["a", "\u{1F600}"]'],
    ['replace("ab", "", "-")', '"-a-b-"'],
    ['trim("xxaxx", "x")', '"a"'],
    ['trim_space("\\u0085 a\\u00a0")', '"a"'],
    ['strings.replace_n({"a": "b", "b": "a"}, "ab")', '"ba"'],
    ['concat(",", {"b", "a"})', '"a,b"'],
    ['format_int(255, 16)', '"ff"'],
    ['regex.replace("foobar", "o(b)", "[$1]")', '"fo[b]ar"'],
    ['regex.split("a+", "baac")', '["b", "c"]'],
    ['glob.match("*.example.com", null, "a.b.example.com")', 'true'],
    ['glob.match("*.example.com", ["."], "a.b.example.com")', 'false'],
    ['glob.match("{a,b}[!c]?", [], "adx")', 'true'],
  ])('%s', (expression, want) => {
    expect(valueOf(expression)).toBe(want);
  });
});

describe('numbers', () => {
  test.each([
    ['0.1 + 0.2', '0.3'],
    ['1 / 3', '0.33333333333333333334'],
    ['9007199254740993 + 1', '9007199254740994'],
    ['7 % -2', '1'],
    ['round(2.5)', '3'],
    ['ceil(-1.5)', '-1'],
    ['floor(-1.5)', '-2'],
    ['to_number("1.50")', '1.50'],
    ['to_number("x")', 'undefined'],
    ['bits.lsh(1, 70)', '1180591620717411303424'],
    ['sum([0.1, 0.2, 1])', '1.3'],
    ['units.parse("10Ki")', '10240'],
    ['units.parse("100m")', '0.1000000000'],
    ['units.parse_bytes("1.5GiB")', '1610612736'],
  ])('%s is %s', (expression, want) => {
    expect(valueOf(expression)).toBe(want);
  });
});

describe('the rest', () => {
  test.each([
    ['object.get({"a": {"b": 1}}, ["a", "b"], 2)', '1'],
    ['object.union({"a": {"b": 1}}, {"a": {"c": 2}})', '{"a": {"b": 1, "c": 2}}'],
    ['json.patch({"a": [1]}, [{"op": "add", "path": "a/-", "value": 2}])', '{"a": [1, 2]}'],
    ['json.marshal({"b": {1}, "a": "<"})', '"{\\"a\\":\\"\\\\u003c\\",\\"b\\":[1]}"'],
    ['json.unmarshal("{\\"a\\": 1.50}")', '{"a": 1.50}'],
    ['yaml.unmarshal("a: [1, b]")', '{"a": [1, "b"]}'],
    ['base64.decode("aGk=")', '"hi"'],
    ['crypto.sha256("a")', '"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"'],
    ['crypto.hmac.md5("a", "k")', '"ddcf3d210049e7135f61affae73731cd"'],
    ['net.cidr_contains("10.0.0.0/8", "10.1.2.3")', 'true'],
    ['net.cidr_merge(["10.0.0.0/25", "10.0.0.128/25"])', '{"10.0.0.0/24"}'],
    ['semver.compare("1.0.0-rc.1", "1.0.0")', '-1'],
    ['time.parse_rfc3339_ns("1970-01-01T00:00:01.5Z")', '1500000000'],
    ['time.format([0, "Europe/Berlin", "2006-01-02 15:04 -07:00"])', '"1970-01-01 01:00 +01:00"'],
    ['time.weekday(0)', '"Thursday"'],
    ['time.parse_duration_ns("1h1.5s")', '3601500000000'],
    ['graph.reachable({"a": ["b"], "b": []}, ["a"])', '{"a", "b"}'],
    ['opa.runtime()', '{}'],
    ['http.send({})', 'http.send: this builtin is not run here'],
  ])('%s is %s', (expression, want) => {
    expect(valueOf(expression)).toBe(want);
  });
});

describe('what OPA reads is never no value here', () => {
  const many = (count: number, text: string): string => text.repeat(count);
  test.each([
    ['a port with zeros', 'uri.parse("https://a.example:000000000443/x").hostname', '"a.example"'],
    ['a line separator in a path', 'uri.parse("https://a.example/\\u2028").hostname', '"a.example"'],
    ['a long scheme', `uri.parse("${many(80, 's')}://a.example/").hostname`, '"a.example"'],
    ['a long exponent', 'to_number("1e0000000000002")', '100'],
    ['a long prerelease', `semver.compare("1.0.0-${many(300, 'a')}", "1.0.0")`, '-1'],
    ['a long fraction', `time.parse_rfc3339_ns("1970-01-01T00:00:01.5${many(40, '0')}Z")`, '1500000000'],
    ['a long duration', `time.parse_duration_ns("${many(30, '0')}1.5${many(50, '0')}s")`, '1500000000'],
    ['a prefix with zeros', 'net.cidr_contains("10.0.0.0/0008", "10.1.1.1")', 'true'],
  ])('%s', (_title, expression, want) => {
    expect(valueOf(expression)).toBe(want);
  });

  test.each([
    ['a long URL', `uri.parse("https://a.example/${many(9000, 'a')}")`, 'a URL is over 8192 characters'],
    ['deep JSON', `json.unmarshal("${many(250, '[')}${many(250, ']')}")`, 'nested deeper than 200 levels'],
    ['a long number in JSON', `json.unmarshal("[${many(500, '1')}]")`, 'too many digits'],
    ['a long number', `to_number("${many(450, '0')}9")`, 'over 400 digits'],
    ['a number in hexadecimal', 'to_number("0x1p60")', 'in hexadecimal'],
    ['a long quantity', `units.parse("${many(450, '0')}9Gi")`, 'over 400 digits'],
    ['a long amount of bytes', `units.parse_bytes("${many(450, '0')}9Gi")`, 'over 400 digits'],
    ['a very long version', `semver.is_valid("1.0.0-${many(5000, 'a')}")`, 'over 4096 characters'],
    ['a very long time', `time.parse_rfc3339_ns("1970-01-01T00:00:01.${many(600, '0')}Z")`, 'over 512'],
    ['a very long duration', `time.parse_duration_ns("${many(600, '0')}1s")`, 'over 512 characters'],
    ['a long pattern', `regex.match("${many(9000, 'a')}", "a")`, 'over 8192 characters'],
    ['a far shift', 'bits.lsh(1, 5000)', 'over 4096 bits'],
    ['deep YAML', `yaml.unmarshal("a: ${many(250, '[')}${many(250, ']')}")`, 'nested deeper than 200 levels'],
    ['a key twice in YAML', 'yaml.unmarshal("a: 1\\na: 2")', 'yaml: '],
    ['YAML before what is none', 'yaml.is_valid("a: 1\\n---\\n[")', 'yaml: '],
  ])('%s is an error', (_title, expression, why) => {
    expect(valueOf(expression)).toContain(why);
  });

  test('what OPA cannot read either is no value, as there', () => {
    expect(valueOf('yaml.unmarshal("[")')).toBe('undefined');
    expect(valueOf('yaml.is_valid("[")')).toBe('false');
    expect(valueOf('json.unmarshal("[01]")')).toBe('undefined');
    expect(valueOf(`semver.is_valid("${many(5000, 'x')}")`)).toBe('false');
    expect(valueOf('uri.parse("https://a.example:x/")')).toBe('undefined');
  });
});
