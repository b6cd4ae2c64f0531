/**
 * What augmentation does to one image, in place on its planes: `planes` blocks of `height · width` numbers that begin at
 * `at`. Plain loops over typed arrays, since a batch has hundreds of thousands of numbers.
 *
 * @module
 */

/** Where an image lies in a batch, and its size. */
export interface ImagePlace {
  /** Its first number. */
  at: number;
  /** Colour planes. */
  readonly planes: number;
  /** Rows. */
  readonly height: number;
  /** Numbers in a row. */
  readonly width: number;
}

/** Moves an image `down` rows and `right` columns (negative: up, left); what comes in is 0. */
export function shift(batch: Float32Array, image: ImagePlace, down: number, right: number): void {
  if (down === 0 && right === 0) return;
  const { at, planes, height, width } = image;
  const size = height * width;
  // Moved as one block, rows run over into their neighbours; what ran over lies in the columns that become 0 anyway.
  const distance = down * width + right;
  const top = clamp(down, height) * width;
  const bottom = clamp(height + down, height) * width;
  const left = clamp(right, width);
  const end = clamp(width + right, width);
  for (let begin = at; begin < at + planes * size; begin += size) {
    if (distance > 0) batch.copyWithin(begin + distance, begin, begin + Math.max(0, size - distance));
    else batch.copyWithin(begin, Math.min(begin - distance, begin + size), begin + size);
    batch.fill(0, begin, begin + top);
    batch.fill(0, begin + bottom, begin + size);
    for (let row = begin + top; row < begin + bottom; row += width) {
      for (let i = row; i < row + left; i++) batch[i] = 0;
      for (let i = row + end; i < row + width; i++) batch[i] = 0;
    }
  }
}

/** Mirrors an image left to right. */
export function flip(batch: Float32Array, image: ImagePlace): void {
  const { at, planes, height, width } = image;
  for (let row = at; row < at + planes * height * width; row += width) {
    for (let i = row, j = row + width - 1; i < j; i++, j--) {
      const value = batch[i];
      batch[i] = batch[j];
      batch[j] = value;
    }
  }
}

/**
 * Turns an image by `degrees` counter-clockwise about its centre, with bilinear interpolation; what comes in is 0.
 *
 * @param copy memory for the planes of one image
 */
export function rotate(batch: Float32Array, image: ImagePlace, degrees: number, copy: Float32Array): void {
  const { at, planes, height, width } = image;
  const size = height * width;
  copy.set(batch.subarray(at, at + planes * size));
  const cos = Math.cos(degrees * Math.PI / 180);
  const sin = Math.sin(degrees * Math.PI / 180);
  const middleX = (width - 1) / 2;
  const middleY = (height - 1) / 2;
  let to = at;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++, to++) {
      const x = cos * (column - middleX) - sin * (row - middleY) + middleX;
      const y = sin * (column - middleX) + cos * (row - middleY) + middleY;
      const left = Math.floor(x);
      const top = Math.floor(y);
      const right = x - left;
      const below = y - top;
      // The weights of the four neighbours; those outside weigh 0, and are read from a place that exists.
      const inTop = top >= 0 && top < height;
      const inBelow = top >= -1 && top < height - 1;
      const wLeft = left >= 0 && left < width ? 1 - right : 0;
      const wRight = left >= -1 && left < width - 1 ? right : 0;
      const a = inTop ? (1 - below) * wLeft : 0;
      const b = inTop ? (1 - below) * wRight : 0;
      const c = inBelow ? below * wLeft : 0;
      const d = inBelow ? below * wRight : 0;
      const corner = top * width + left;
      const ia = a === 0 ? 0 : corner;
      const ib = b === 0 ? 0 : corner + 1;
      const ic = c === 0 ? 0 : corner + width;
      const id = d === 0 ? 0 : corner + width + 1;
      for (let from = 0; from < planes * size; from += size) {
        batch[to + from] = a * copy[from + ia] + b * copy[from + ib] + c * copy[from + ic] +
          d * copy[from + id];
      }
    }
  }
}

/** A whole number brought into 0 to `most`. */
function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(most, value));
}
