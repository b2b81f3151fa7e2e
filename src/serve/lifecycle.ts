/** Everything that is opened is closed again, last first, also when a later part fails to start. */
export const createLifecycle = (onProblem: (error: unknown) => void = () => undefined) => {
  const closes: (() => Promise<void> | void)[] = [];
  return {
    add: (close: () => Promise<void> | void): void => void closes.push(close),
    /** Never rejects: one part that does not close must not keep the record from being drained. */
    closeAll: async (): Promise<void> => {
      for (let close = closes.pop(); close !== undefined; close = closes.pop()) {
        try {
          await close();
        } catch (error) {
          onProblem(error);
        }
      }
    },
  };
};
export type Lifecycle = ReturnType<typeof createLifecycle>;
