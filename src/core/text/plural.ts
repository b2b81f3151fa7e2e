/** A number with what it counts: `1 image`, `2 images`. */
export const plural = (count: number, one: string, more = `${one}s`): string =>
  `${count} ${count === 1 ? one : more}`;
