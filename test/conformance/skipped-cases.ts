const jwt = 'the builtins io.jwt.* are not run here';
const x509 = 'the builtins crypto.x509.* are not run here';

/** Folders of OPA's cases that are not run, each with its reason: builtins that the gate knows and refuses to run. */
export const skippedFolders: ReadonlyMap<string, string> = new Map([
  ['cryptoparsersaprivatekeys', 'the builtin crypto.parse_private_keys is not run here'],
  ['cryptox509parseandverifycertificates', x509],
  ['cryptox509parsecertificaterequest', x509],
  ['cryptox509parsecertificates', x509],
  ['cryptox509parsekeypair', x509],
  ['cryptox509parsersaprivatekey', x509],
  ['graphql', 'the builtins graphql.* are not run here'],
  ['invalidkeyerror', 'the builtin http.send is not run here'],
  ['jsonschema', 'the builtins json.match_schema and json.verify_schema are not run here'],
  ['jwtbuiltins', jwt],
  ['jwtdecodeverify', jwt],
  ['jwtencodesign', jwt],
  ['jwtencodesignheadererrors', jwt],
  ['jwtencodesignpayloaderrors', jwt],
  ['jwtencodesignraw', jwt],
  ['jwtverifyeddsa', jwt],
  ['jwtverifyhs256', jwt],
  ['jwtverifyhs384', jwt],
  ['jwtverifyhs512', jwt],
  ['jwtverifyrsa', jwt],
  ['netlookupipaddr', 'the builtin net.lookup_ip_addr is not run here'],
  ['providers-aws', 'the builtins providers.* are not run here'],
  ['regometadatachain', 'the builtins rego.* are not run here'],
  ['regometadatarule', 'the builtins rego.* are not run here'],
  ['regoparsemodule', 'the builtins rego.* are not run here'],
  ['rendertemplate', 'the builtin strings.render_template is not run here'],
]);
