/**
 * Images of a data set as pictures in a page, without a file beside it.
 *
 * @module
 */
const HEADER = 54;

/**
 * An image as a data URL: a bitmap of 24 bits a pixel, the simplest format that every browser shows.
 *
 * @param values `[channels, height, width]` in [0, 1]; 1 channel is grey, of others the first three are red, green, blue
 */
export function pictureUrl(values: ArrayLike<number | bigint>, shape: readonly number[]): string {
  const [channels, height, width] = shape;
  const line = Math.ceil(3 * width / 4) * 4;
  const file = new Uint8Array(HEADER + line * height);
  const view = new DataView(file.buffer);
  file.set([0x42, 0x4d]); // "BM"
  view.setUint32(2, file.length, true);
  view.setUint32(10, HEADER, true);
  view.setUint32(14, 40, true); // bytes of the second header
  view.setInt32(18, width, true);
  view.setInt32(22, -height, true); // negative: the first row is the top
  view.setUint16(26, 1, true); // planes
  view.setUint16(28, 24, true); // bits a pixel
  view.setUint32(34, line * height, true);
  const planes = channels >= 3 ? [2, 1, 0] : [0, 0, 0]; // blue, green, red
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      planes.forEach((plane, i) => {
        const value = Number(values[(plane * height + row) * width + column]);
        file[HEADER + row * line + 3 * column + i] = Math.round(255 * Math.min(1, Math.max(0, value)));
      });
    }
  }
  return `data:image/bmp;base64,${file.toBase64()}`;
}
