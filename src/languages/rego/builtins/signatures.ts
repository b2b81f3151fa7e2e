/**
 * The builtins of OPA 1.17.1 with the types of their arguments and of their answer (Policy Reference, "Built-in Functions"):
 * `s`tring, `n`umber, `b`oolean, `z` null, `a`rray, `o`bject, `t` set, `x` any.
 */
const table = `
abs n > n
all at > b
and t t > t
any at > b
array.concat a a > a
array.flatten a > a
array.reverse a > a
array.slice a n n > a
assign x x > b
base64.decode s > s
base64.encode s > s
base64.is_valid s > b
base64url.decode s > s
base64url.encode s > s
base64url.encode_no_pad s > s
bits.and n n > n
bits.lsh n n > n
bits.negate n > n
bits.or n n > n
bits.rsh n n > n
bits.xor n n > n
cast_array x > a
cast_boolean x > b
cast_null x > z
cast_object x > o
cast_set x > t
cast_string x > s
ceil n > n
concat s at > s
contains s s > b
count aost > n
crypto.hmac.equal s s > b
crypto.hmac.md5 s s > s
crypto.hmac.sha1 s s > s
crypto.hmac.sha256 s s > s
crypto.hmac.sha512 s s > s
crypto.md5 s > s
crypto.parse_private_keys s > a
crypto.sha1 s > s
crypto.sha256 s > s
crypto.x509.parse_and_verify_certificates s > a
crypto.x509.parse_and_verify_certificates_with_options s o > a
crypto.x509.parse_certificate_request s > o
crypto.x509.parse_certificates s > a
crypto.x509.parse_keypair s s > o
crypto.x509.parse_rsa_private_key s > o
div n n > n
endswith s s > b
eq x x > b
equal x x > b
external_data o > o
floor n > n
format_int n n > s
glob.match s az s > b
glob.quote_meta s > s
graph.reachable o at > t
graph.reachable_paths o at > t
graphql.is_valid os os > b
graphql.parse os os > a
graphql.parse_and_verify os os > a
graphql.parse_query s > o
graphql.parse_schema s > o
graphql.schema_is_valid os > b
gt x x > b
gte x x > b
hex.decode s > s
hex.encode s > s
http.send o > o
indexof s s > n
indexof_n s s > a
internal.member_2 x x > b
internal.member_3 x x x > b
internal.print a > b
internal.template_string a > s
internal.test_case a > b
intersection t > t
io.jwt.decode s > a
io.jwt.decode_verify s o > a
io.jwt.encode_sign o o o > s
io.jwt.encode_sign_raw s s s > s
io.jwt.verify_eddsa s s > b
io.jwt.verify_es256 s s > b
io.jwt.verify_es384 s s > b
io.jwt.verify_es512 s s > b
io.jwt.verify_hs256 s s > b
io.jwt.verify_hs384 s s > b
io.jwt.verify_hs512 s s > b
io.jwt.verify_ps256 s s > b
io.jwt.verify_ps384 s s > b
io.jwt.verify_ps512 s s > b
io.jwt.verify_rs256 s s > b
io.jwt.verify_rs384 s s > b
io.jwt.verify_rs512 s s > b
is_array x > b
is_boolean x > b
is_null x > b
is_number x > b
is_object x > b
is_set x > b
is_string x > b
json.filter o at > x
json.is_valid s > b
json.marshal x > s
json.marshal_with_options x o > s
json.match_schema os os > a
json.patch x a > x
json.remove o at > x
json.unmarshal s > x
json.verify_schema os > a
lower s > s
lt x x > b
lte x x > b
max at > x
min at > x
minus nt nt > nt
mul n n > n
neq x x > b
net.cidr_contains s s > b
net.cidr_contains_matches aost aost > t
net.cidr_expand s > t
net.cidr_intersects s s > b
net.cidr_is_valid s > b
net.cidr_merge at > t
net.cidr_overlap s s > b
net.lookup_ip_addr s > t
numbers.range n n > a
numbers.range_step n n n > a
object.filter o aot > x
object.get o x x > x
object.keys o > t
object.remove o aot > x
object.subset aot aot > x
object.union o o > x
object.union_n a > x
opa.runtime > o
or t t > t
plus n n > n
product at > n
providers.aws.sign_req o o n > o
rand.intn s n > n
re_match s s > b
regex.find_all_string_submatch_n s s n > a
regex.find_n s s n > a
regex.globs_match s s > b
regex.is_valid s > b
regex.match s s > b
regex.replace s s s > s
regex.split s s > a
regex.template_match s s s s > b
rego.metadata.chain > a
rego.metadata.rule > x
rego.parse_module s s > o
rem n n > n
replace s s s > s
round n > n
semver.compare s s > n
semver.is_valid x > b
set_diff t t > t
sort at > a
split s s > a
sprintf s a > s
startswith s s > b
strings.any_prefix_match ast ast > b
strings.any_suffix_match ast ast > b
strings.count s s > n
strings.render_template s o > s
strings.replace_n o s > s
strings.reverse s > s
substring s n n > s
sum at > n
time.add_date n n n n > n
time.clock an > a
time.date an > a
time.diff an an > a
time.format an > s
time.now_ns > n
time.parse_duration_ns s > n
time.parse_ns s s > n
time.parse_rfc3339_ns s > n
time.weekday an > s
to_number bnsz > n
trace s > b
trim s s > s
trim_left s s > s
trim_prefix s s > s
trim_right s s > s
trim_space s > s
trim_suffix s s > s
type_name x > s
union t > t
units.parse s > n
units.parse_bytes s > n
upper s > s
uri.is_valid s > b
uri.parse s > o
urlquery.decode s > s
urlquery.decode_object s > o
urlquery.encode s > s
urlquery.encode_object o > s
uuid.parse s > o
uuid.rfc4122 s > s
walk x > a
yaml.is_valid s > b
yaml.marshal x > s
yaml.unmarshal s > x`;

export interface BuiltinSignature {
  /** The letters of the types that each argument may have. */
  readonly args: readonly string[];
  readonly result: string;
}

const signatureOf = (line: string): readonly [string, BuiltinSignature] => {
  const [name = '', ...types] = line.split(' ');
  return [name, { args: types.slice(0, -2), result: types.at(-1) ?? 'x' }];
};

export const builtinSignatures: ReadonlyMap<string, BuiltinSignature> = new Map(
  table.trim().split('\n').map(signatureOf),
);

/** How many arguments a builtin takes. `print` takes any number. */
export const builtinArities: ReadonlyMap<string, number> = new Map(
  Array.from(builtinSignatures, ([name, { args }]) => [name, args.length] as const),
);

/** Builtins that are known and never called: a policy that calls one is refused by name. */
export const isExcluded = (name: string): boolean =>
  /^(?:http\.send$|io\.jwt\.|crypto\.x509\.|crypto\.parse_private_keys$|graphql\.|net\.lookup_ip_addr$|providers\.|rego\.|json\.(?:match|verify)_schema$|strings\.render_template$|external_data$)/.test(
    name,
  );
