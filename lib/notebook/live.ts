/**
 * A line of progress in a notebook: a bar that is brought up to date in its place.
 *
 * @module
 */
import { escaped, jupyter } from "./display.ts";

/** Least time between two pictures of it, in milliseconds. */
const EVERY_MS = 100;

/** How far something is, from 0 to 1 or unknown, and a text. */
type State = [share: number | undefined, text: string];

/** Shows a share and a text below the cell. */
export class LiveBar implements Disposable {
  readonly #id = crypto.randomUUID();
  #shownAt = -Infinity;
  #shown = false;
  #last: (() => State) | undefined;

  /** Shows where it is, if it is time. */
  show(state: () => State): void {
    this.#last = state;
    if (performance.now() - this.#shownAt < EVERY_MS) return;
    this.#put();
  }

  /** Shows where it is, whatever the time. */
  end(state: () => State): void {
    this.#last = state;
    this.#put();
  }

  /** Shows the last state, which may have been passed over. */
  [Symbol.dispose](): void {
    if (this.#last !== undefined) this.#put();
  }

  #put(): void {
    const [share, text] = this.#last!();
    this.#last = undefined;
    this.#shownAt = performance.now();
    const html =
      `<progress ${
        share === undefined ? "" : `value="${share.toFixed(4)}" `
      }max="1" style="width:14em;vertical-align:middle"></progress> ` +
      `<span style="font-family:monospace">${escaped(text)}</span>`;
    jupyter()?.broadcast(this.#shown ? "update_display_data" : "display_data", {
      data: { "text/html": html, "text/plain": text },
      metadata: {},
      transient: { display_id: this.#id },
    });
    this.#shown = true;
  }
}
