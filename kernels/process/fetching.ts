/**
 * What Deno says on standard error while it fetches packages: which, and that it runs no scripts of theirs. Nobody at a
 * notebook can do anything about it.
 *
 * @module
 */

const LINES = /^Download (?:https?|jsr|npm):.*\n/gm;
const BOX = /^╭ Warning\n│\n│ +Ignored build scripts[^╰]*╰─\n/gm;
/** The beginning of what may become one of them. */
const BEGUN = /^(?:╭[^╰]*(?:╰─?)?|D(?:o(?:w(?:n(?:l(?:o(?:ad?)?)?)?)?)?)?|Download .*)$(?![^])/m;

/** A filter for pieces of a stream, which may end anywhere. */
export function withoutFetching(): (text: string) => string {
  let pending = "";
  /** Stands for the line that what is pending goes on with. */
  let before = "";
  return (text) => {
    const all = (before + pending + text).replace(LINES, "").replace(BOX, "");
    const at = all.search(BEGUN);
    // A box of somebody else's is not held for ever.
    pending = at >= 0 && all.length - at < 2000 ? all.slice(at) : "";
    const shown = all.slice(before.length, all.length - pending.length);
    if (shown !== "") before = shown.endsWith("\n") ? "" : "\0";
    return shown;
  };
}
