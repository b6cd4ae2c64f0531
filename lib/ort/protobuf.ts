/**
 * The few wire types of Protocol Buffers that an ONNX model needs, written into one growing buffer. A kept library
 * would bring a schema compiler and a reflection layer for five kinds of message; this is the whole of what they do.
 *
 * @module
 */

const encoder = new TextEncoder();

/** Writes fields of one message; nested messages are writers of their own. */
export class MessageWriter {
  #buffer = new Uint8Array(256);
  #length = 0;

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + bytes));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }

  #varint(value: bigint): void {
    this.#room(10);
    let rest = BigInt.asUintN(64, value);
    while (rest > 127n) {
      this.#buffer[this.#length++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.#buffer[this.#length++] = Number(rest);
  }

  /** An integer field. */
  int(field: number, value: number | bigint): this {
    this.#varint(BigInt(field << 3));
    this.#varint(BigInt(value));
    return this;
  }

  /** A float32 field. */
  float(field: number, value: number): this {
    this.#varint(BigInt(field << 3 | 5));
    this.#room(4);
    new DataView(this.#buffer.buffer).setFloat32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  /** A field of raw bytes. */
  bytes(field: number, value: Uint8Array): this {
    this.#varint(BigInt(field << 3 | 2));
    this.#varint(BigInt(value.length));
    this.#room(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** A string field. */
  string(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  /** A nested message. */
  message(field: number, value: MessageWriter): this {
    return this.bytes(field, value.finish());
  }

  /** The bytes written so far (a view, not a copy). */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length);
  }
}
