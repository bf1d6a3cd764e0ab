/** The id of the n-th user of a run. */
export function userName(index: number): string {
  return `reader-${index}`;
}
