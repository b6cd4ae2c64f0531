/**
 * Reads of a shared library which other libraries it needs, as the system's loader would (ELF, 64 bits, Linux): so that
 * what is missing can be named before anything is loaded.
 *
 * @module
 */

const [PT_LOAD, PT_DYNAMIC] = [1, 2];
const [DT_NEEDED, DT_STRTAB] = [1n, 5n];

/** The bytes of a file from `offset` on. */
function read(file: Deno.FsFile, offset: number, bytes: number): DataView<ArrayBuffer> {
  const buffer = new Uint8Array(bytes);
  file.seekSync(offset, Deno.SeekMode.Start);
  let have = 0;
  while (have < bytes) {
    const more = file.readSync(buffer.subarray(have));
    if (more === null) throw new Error("the file ends early");
    have += more;
  }
  return new DataView(buffer.buffer);
}

/**
 * The names of the libraries that a library needs, such as `libcudart.so.13`.
 *
 * @throws {Error} when the file cannot be read, or is no 64-bit ELF file.
 */
export function neededBy(path: string): string[] {
  using file = Deno.openSync(path);
  const head = read(file, 0, 64);
  if (head.getUint32(0) !== 0x7f454c46 || head.getUint8(4) !== 2 || head.getUint8(5) !== 1) {
    throw new Error(`elf: expected a 64-bit shared library but found something else at "${path}"`);
  }
  const number = (view: DataView, at: number) => Number(view.getBigUint64(at, true));
  const [start, size, count] = [number(head, 32), head.getUint16(54, true), head.getUint16(56, true)];
  const table = read(file, start, size * count);
  const segments = Array.from({ length: count }, (_, i) => ({
    type: table.getUint32(i * size, true),
    offset: number(table, i * size + 8),
    address: number(table, i * size + 16),
    bytes: number(table, i * size + 32),
  }));
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (dynamic === undefined) return [];
  const entries = read(file, dynamic.offset, dynamic.bytes);
  const names: number[] = [];
  let strings = 0;
  for (let at = 0; at + 16 <= dynamic.bytes; at += 16) {
    const tag = entries.getBigUint64(at, true);
    if (tag === DT_NEEDED) names.push(number(entries, at + 8));
    else if (tag === DT_STRTAB) strings = number(entries, at + 8);
  }
  // The table of strings is named by its address in memory.
  const home = segments.find(({ type, address, bytes }) =>
    type === PT_LOAD && strings >= address && strings < address + bytes
  );
  if (home === undefined) throw new Error(`elf: expected a table of strings in "${path}" but found none`);
  const from = home.offset + strings - home.address;
  return names.map((name) => {
    const text = read(file, from + name, Math.min(256, home.offset + home.bytes - from - name));
    const bytes = new Uint8Array(text.buffer);
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  });
}
