import { fail, ok, type Result } from '../result.ts';

/** What marks a variable that is filled in later: `$(…)` in Tekton, `{{…}}` in Argo. */
export interface Placeholder {
  readonly open: string;
  readonly close: string;
}

const separators = ['…', '...'];
const maxMarkLength = 8;
/** A mark that an image name may hold would turn images into variables, and they would not be judged here. */
const inImages = /^[A-Za-z0-9._/:@+-]{0,8}$/;

/** @returns why the text of a row is no placeholder. */
export const parsePlaceholder = (text: unknown): Result<Placeholder, string> => {
  const why = 'placeholder must be what stands around a variable, such as {{…}} or $(…)';
  if (typeof text !== 'string') return fail(why);
  const separator = separators.find((each) => text.includes(each));
  if (separator === undefined) return fail(why);
  const [open = '', close = '', ...more] = text.split(separator);
  const fits = (mark: string): boolean =>
    mark.length > 0 && mark.length <= maxMarkLength && !inImages.test(mark);
  if (more.length > 0 || !fits(open) || !fits(close)) {
    return fail(`${why}: 1 to ${maxMarkLength} characters before and after, which no image name has`);
  }
  return ok({ open, close });
};

/** Whether the text holds a whole variable. A mark that is never closed is no variable: such a text is judged. */
export const holdsPlaceholder = ({ open, close }: Placeholder, text: string): boolean => {
  const start = text.indexOf(open);
  return start >= 0 && text.indexOf(close, start + open.length) >= 0;
};
