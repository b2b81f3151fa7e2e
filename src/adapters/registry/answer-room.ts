/** Memory for the bodies that are being read, of all requests together. */
export interface AnswerRoom {
  /** @returns false when there is no room for so many more bytes */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export const createAnswerRoom = (size: number): AnswerRoom => {
  let left = size;
  return {
    take: (bytes) => {
      if (bytes > left) return false;
      left -= bytes;
      return true;
    },
    give: (bytes) => {
      left += bytes;
    },
  };
};

export interface AnswerRooms {
  /** The room for answers of a host with a row of its own, or of one that somebody named. */
  of(configured: boolean): AnswerRoom;
}

/**
 * Hosts that only an image name knows share a room, and those of the configuration have another: whoever may create a Pod
 * can name any number of hosts that send much and end never, and must neither exhaust the memory of the gate nor keep it
 * from the registries that it was told of (B9).
 */
export const createAnswerRooms = (size: number): AnswerRooms => {
  const own = createAnswerRoom(size);
  const named = createAnswerRoom(size);
  return { of: (configured) => (configured ? own : named) };
};
