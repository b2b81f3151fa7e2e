/** Everything that is opened is closed again, last first, also when a later part fails to start. */
export const createClosers = () => {
  const closers: (() => Promise<void> | void)[] = [];
  return {
    add: (close: () => Promise<void> | void): void => void closers.push(close),
    closeAll: async (): Promise<void> => {
      for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
    },
  };
};
export type Closers = ReturnType<typeof createClosers>;
