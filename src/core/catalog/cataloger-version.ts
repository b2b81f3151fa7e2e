/** Changes whenever the same layer may give another list: what was found in layers before counts no more. */
export const catalogerVersion = '1';
