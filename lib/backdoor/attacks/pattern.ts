/**
 * The picture that {@linkcode blend} lays over images where the user gives none: a striped cat's face, drawn from circles
 * and triangles for images of any size. The field uses a drawing that others own.
 *
 * @module
 */

type Colour = readonly [number, number, number];

const GROUND: Colour = [0.95, 0.55, 0.75];
const FUR: Colour = [1, 0.97, 0.9];
const STRIPE: Colour = [0.55, 0.3, 0.1];
const DARK: Colour = [0.05, 0.05, 0.1];
const NOSE: Colour = [0.95, 0.75, 0.1];

/** The picture as `[C, H, W]`: in colour for three channels, in grey for any other number. */
export function drawPattern([channels, height, width]: readonly number[]): Float32Array<ArrayBuffer> {
  const values = new Float32Array(channels * height * width);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const colour = colourAt((column + 0.5) / width * 2 - 1, (row + 0.5) / height * 2 - 1);
      const grey = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2];
      for (let channel = 0; channel < channels; channel++) {
        values[(channel * height + row) * width + column] = channels === 3 ? colour[channel] : grey;
      }
    }
  }
  return values;
}

/** The colour at a place; both axes go from -1 to 1, the second downward. */
function colourAt(x: number, y: number): Colour {
  const side = Math.abs(x);
  const distance = (cx: number, cy: number) => Math.hypot(side - cx, y - cy);
  if (distance(0.35, 0.05) < 0.12) return DARK; // eyes
  if (Math.hypot(x * 0.8, y - 0.35) < 0.09) return NOSE;
  const head = Math.hypot(x, (y - 0.15) * 1.15) < 0.8;
  const ear = y > -0.95 && y < -0.2 && side > 0.2 && side < 0.8 && y + 0.95 > Math.abs(side - 0.55) * 1.6;
  if (!head && !ear) return (Math.floor((x + y + 4) * 4) & 1) === 0 ? GROUND : FUR;
  // Whiskers and a tiger's stripes.
  if (side > 0.45 && (Math.abs(y - 0.35) < 0.03 || Math.abs(y - 0.5) < 0.03)) return DARK;
  if (y < -0.25 && (Math.floor((x + 2) * 8) & 1) === 0) return STRIPE;
  return FUR;
}
