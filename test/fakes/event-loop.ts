/** How often the event loop goes round until something has ended. */
export const roundsUntil = async (work: Promise<unknown>): Promise<number> => {
  let rounds = 0;
  let over = false;
  const count = (): void => {
    rounds++;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  await work;
  over = true;
  return rounds;
};
