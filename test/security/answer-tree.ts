/** Each leaf of an answer with its way, so that two answers can be laid side by side. */
export function leavesOf(value: unknown, path = ""): Map<string, unknown> {
  if (typeof value !== "object" || value === null) return new Map([[path, value]]);
  const entries = Object.entries(value).flatMap(([key, inner]) => [...leavesOf(inner, `${path}.${key}`)]);
  return new Map(entries.length === 0 ? [[path, Array.isArray(value) ? "[]" : "{}"]] : entries);
}

/**
 * Where an answer is another than its two twins: a way that not all have, or a leaf in which the twins agree with each
 * other and not with it. What differs between the twins too is chance: the id of something new, or a time.
 */
function differences(answer: unknown, [one, two]: readonly [unknown, unknown]): string[] {
  const [leaves, first, second] = [leavesOf(answer), leavesOf(one), leavesOf(two)];
  const ways = new Set([...leaves.keys(), ...first.keys(), ...second.keys()]);
  return [...ways].filter((way) => {
    if (!leaves.has(way) || !first.has(way)) return leaves.has(way) !== first.has(way) || !second.has(way);
    if (!second.has(way)) return false;
    return first.get(way) === second.get(way) && leaves.get(way) !== first.get(way);
  });
}

/**
 * How what is seen with a text is another than what is seen with its twins. What is written late, or not answered in
 * time, differs once and not again.
 */
export async function lastingDifferences(
  observe: (text: string) => Promise<unknown>,
  text: string,
  newTwin: () => string,
): Promise<readonly string[]> {
  for (let tries = 3; ; tries--) {
    const answer = await observe(text);
    const twin = await observe(newTwin());
    if (JSON.stringify(answer) === JSON.stringify(twin)) return [];
    const found = differences(answer, [twin, await observe(newTwin())]);
    if (found.length === 0 || tries === 0) return found;
  }
}
