/**
 * A stream of a process that native code prints to. The guest marks on it where a cell has ended, so that what was printed
 * before is known to have come.
 *
 * @module
 */

/** So many characters are read before what was printed has to be on its way. */
const MOST = 1 << 20;

/** Reads a stream to its end. */
export class Marked {
  readonly #printed: (text: string) => void;
  readonly #drained: () => Promise<void>;
  readonly #waiting: {
    pattern: RegExp;
    resolve: (match: string) => void;
    reject: (reason: Error) => void;
  }[] = [];
  readonly #passed = new Map<number, () => void>();
  /** What came before anybody listens, or may be the beginning of a mark. */
  #pending = "";
  #last = 0;
  #begun = false;
  /** Kept when the stream has ended. */
  readonly closed: Promise<void>;

  /**
   * `printed` gets the text between marks, once {@linkcode Marked.begin} is called; `drained` is kept when
   * it has gone on its way, so that more can be read.
   */
  constructor(
    stream: ReadableStream<Uint8Array>,
    printed: (text: string) => void,
    drained: () => Promise<void>,
  ) {
    this.#printed = printed;
    this.#drained = drained;
    this.closed = this.#read(stream).catch(() => {}).finally(() => this.close());
  }

  /** What the first group of a pattern matches in a line to come; what is before it is dropped. */
  find(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ pattern, resolve, reject });
      this.#take();
    });
  }

  /** What came and was not printed. */
  get unprinted(): string {
    return this.#pending;
  }

  /** What comes from now on is printed; what was there before is not. */
  begin(): void {
    this.#pending = "";
    this.#begun = true;
  }

  /** Waits for the mark of a cell. */
  reached(cell: number): Promise<void> {
    if (this.#last >= cell) return Promise.resolve();
    return new Promise((resolve) => this.#passed.set(cell, resolve));
  }

  /** Nothing more comes: whoever waits goes on. */
  close(): void {
    for (const { reject } of this.#waiting.splice(0)) {
      reject(new Error(`the process in which cells run could not be started: ${this.#pending.trim()}`));
    }
    for (const resolve of this.#passed.values()) resolve();
    this.#passed.clear();
    this.#last = Infinity;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    let read = 0;
    for await (
      const text of stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    ) {
      this.#pending += text;
      this.#take();
      read += text.length;
      if (read < MOST) continue;
      read = 0;
      await this.#drained();
    }
    if (this.#pending !== "" && this.#begun) this.#printed(this.#pending);
  }

  #take(): void {
    while (this.#waiting.length > 0) {
      const [{ pattern, resolve }] = this.#waiting;
      const match = this.#pending.match(pattern);
      const end = match === null ? -1 : this.#pending.indexOf("\n", match.index! + match[0].length);
      if (match === null || end < 0) return;
      this.#waiting.shift();
      this.#pending = this.#pending.slice(end + 1);
      resolve(match[1]);
    }
    if (!this.#begun) return;
    // deno-lint-ignore no-control-regex
    for (let mark; (mark = this.#pending.match(/\x1e(\d+)\x1e/)) !== null;) {
      if (mark.index! > 0) this.#printed(this.#pending.slice(0, mark.index));
      this.#pending = this.#pending.slice(mark.index! + mark[0].length);
      this.#last = Number(mark[1]);
      this.#passed.get(this.#last)?.();
      this.#passed.delete(this.#last);
    }
    const begun = this.#pending.indexOf("\x1e");
    const text = begun < 0 ? this.#pending : this.#pending.slice(0, begun);
    if (text !== "") this.#printed(text);
    this.#pending = this.#pending.slice(text.length);
  }
}
