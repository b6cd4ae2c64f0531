/**
 * Words in charts: how much room they take, and how they are cut where there is less.
 *
 * @module
 */
/** Mean width of a letter as a part of the font's size; there is no font here to measure one by. */
const LETTER = 0.56;
/** Size of most of a chart's words, in pixels. */
export const SIZE = 11;

/** About how many pixels wide a text is, of a font of `size` pixels. */
export function widthOf(text: string, size = SIZE): number {
  return text.length * size * LETTER;
}

/** A text of at most so many letters; the last one stands for what was cut off. */
export function shortened(text: string, letters: number): string {
  return text.length > letters ? `${text.slice(0, Math.max(0, letters - 1))}…` : text;
}

/** As much of a text as fits in so many pixels. */
export function fitted(text: string, pixels: number, size = SIZE): string {
  return shortened(text, Math.floor(pixels / (size * LETTER)));
}

/** A text in lines, each of whole words as far as these fit in so many pixels. */
export function wrapped(text: string, pixels: number, size = SIZE): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && widthOf(longer, size) <= pixels) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((line) => fitted(line, pixels, size));
}

/** A share in percent: "93.1 %". */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** "1 step", "2 steps". */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
