/**
 * How long the rest of a grid will take, by what its finished cells took.
 *
 * @module
 */

/** What a finished cell took. */
export interface Done {
  readonly model: string;
  readonly attack: string;
  readonly seconds: number;
}

/**
 * The sum over the cells that are left: each as long as the same model under the same attack took on average, or under
 * any attack, or as any cell.
 *
 * @returns undefined where nothing is finished.
 */
export function secondsLeft(
  left: readonly Pick<Done, "model" | "attack">[],
  done: readonly Done[],
): number | undefined {
  if (done.length === 0) return undefined;
  const means = new Map<string, number>();
  const meanOf = (key: string, own: (cell: Done) => boolean) => {
    if (!means.has(key)) {
      const seconds = done.filter(own).map((cell) => cell.seconds);
      means.set(key, seconds.reduce((sum, value) => sum + value, 0) / seconds.length);
    }
    const mean = means.get(key)!;
    return Number.isNaN(mean) ? undefined : mean;
  };
  return left.reduce(
    (sum, { model, attack }) =>
      sum + (meanOf(`${model} ${attack}`, (cell) => cell.model === model && cell.attack === attack) ??
        meanOf(model, (cell) => cell.model === model) ??
        meanOf("", () => true)!),
    0,
  );
}
