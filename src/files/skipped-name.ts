/**
 * Whether an entry of a folder is no input by its name. Names with a dot include `..data` of a mounted ConfigMap, whose
 * files are reached by links of their own.
 */
export const isSkippedName = (name: string): boolean => name.startsWith('.') || name === 'lost+found';
