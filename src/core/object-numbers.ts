/** A number for each object, by its identity. None is given twice, so no key can mean another object later. */
export const createObjectNumbers = (): ((object: object) => number) => {
  const numbers = new WeakMap<object, number>();
  let last = 0;
  return (object) => {
    const known = numbers.get(object);
    if (known !== undefined) return known;
    last += 1;
    numbers.set(object, last);
    return last;
  };
};
