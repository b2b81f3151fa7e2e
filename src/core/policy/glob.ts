/**
 * Whether `text` matches a glob in which `*` stands for any run of characters. Greedy with one point to come
 * back to, so the time is at most |glob| x |text|; no regular expression is built from a policy (B31).
 */
export const matchesGlob = (glob: string, text: string): boolean => {
  let g = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (g < glob.length && glob[g] === '*') {
      star = g++;
      resume = t;
    } else if (g < glob.length && glob[g] === text[t]) {
      g++;
      t++;
    } else if (star >= 0) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (glob[g] === '*') g++;
  return g === glob.length;
};
