/** Changes whenever the same layers may give another list: what was found in images before counts no more. */
export const catalogerVersion = '2';
