import { parseReference } from '../image/reference.ts';

/** Where candidates are looked for when a policy says nothing else: beside the image. */
export const besideImage = 'image';

/** What a template of a location, or of a name that is signed, may hold in braces. */
const placeholders = /\{(host|path|name)\}/g;

/** A template with the parts of an image in it, whatever comes of that. @param repository of the image, as `host/path` */
export const filledTemplate = (template: string, repository: string): string => {
  if (template === besideImage) return repository;
  const slash = repository.indexOf('/');
  const parts: Readonly<Record<string, string>> = {
    host: repository.slice(0, slash),
    path: repository.slice(slash + 1),
    name: repository.slice(repository.lastIndexOf('/') + 1),
  };
  return template.replace(placeholders, (_, part: string) => parts[part] ?? '');
};

/**
 * The repository that a template means for one image, as `host/path` with the defaults of Docker Hub: places are compared by
 * this text. What makes no repository is given back as it is.
 * @param repository of the image, as `host/path`; `{name}` is the last component of the path
 * @example
 * locationOf('sigs.example.com/{path}', 'registry.example.com/shop/web') // 'sigs.example.com/shop/web'
 */
export const locationOf = (template: string, repository: string): string => {
  const text = filledTemplate(template, repository);
  if (template === besideImage) return text;
  const read = parseReference(text);
  return read.ok && read.value.tag === undefined && read.value.digest === undefined
    ? `${read.value.host}/${read.value.repository}`
    : text;
};
