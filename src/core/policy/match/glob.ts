/**
 * Whether `text` matches a glob in which `*` stands for any run of characters. One pass: both ends are compared, and
 * between two stars the leftmost place is always as good as any later one, so nothing is ever looked at again. No regular
 * expression is built from a policy (B31).
 * @example
 * matchesGlob('dev-*', 'dev-7') // true
 * matchesGlob('dev-*', 'a-dev-7') // false
 */
export const matchesGlob = (glob: string, text: string): boolean => {
  const first = glob.indexOf('*');
  if (first < 0) return glob === text;
  const last = glob.lastIndexOf('*');
  const end = text.length - (glob.length - last - 1);
  if (first > end || !text.startsWith(glob.slice(0, first)) || !text.endsWith(glob.slice(last + 1)))
    return false;
  let at = first;
  for (let from = first + 1; from <= last;) {
    const star = glob.indexOf('*', from);
    const part = glob.slice(from, star);
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
    from = star + 1;
  }
  return at <= end;
};
