/** Deeper nesting is refused, as in admission requests (R19). */
export const maxYamlDepth = 200;

export const nestedTooDeep = `nested deeper than ${maxYamlDepth} levels`;

/** Said where the parser gave up before the depth could be counted. */
export const tooDeepToRead = 'nested too deeply to be read';

/** A message of the YAML parser in one line. It recurses, and reports the end of the stack as an error of the document. */
export const explainYaml = (message: string): string =>
  message.includes('call stack') ? tooDeepToRead : (message.split('\n', 1)[0] ?? message);
