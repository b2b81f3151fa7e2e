const words: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder; check the path',
  ENOTDIR: 'part of the path is a file, not a folder',
  EISDIR: 'it is a folder; name a file',
  EACCES: 'its permissions do not allow it',
  EPERM: 'the system does not allow it',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left',
  EDQUOT: 'the quota is used up',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'the path is too long',
  ENXIO: 'it is neither a file nor a pipe',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not valid UTF-8; save it as UTF-8',
};

/** The code of the system: `ENOENT`. */
export const fileErrorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;

/** Why a file could not be read or written, for a person. */
export const whyNot = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return words[fileErrorCode(error) ?? ''] ?? error.message;
};
