/**
 * How a value shows itself in a notebook, and whether there is one.
 *
 * @module
 */

/** The method that a notebook asks a value for: MIME types and contents; the Deno kernel's convention. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display") as never;

/** What the kernel has for code in cells. */
interface Jupyter {
  broadcast(type: string, content: Record<string, unknown>): Promise<void>;
}

/** The kernel, where there is one. */
export function jupyter(): Jupyter | undefined {
  try {
    // Outside of a notebook Deno throws where this is only looked at.
    const { jupyter } = Deno as unknown as { jupyter?: Jupyter };
    return typeof jupyter?.broadcast === "function" ? jupyter : undefined;
  } catch {
    return undefined;
  }
}

/** Text as HTML. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}

/** Characters from which a cell is a text that is read, and may take several lines, rather than a name or a number. */
const SENTENCE = 40;

/** A table of texts as HTML: numbers and names to the right, columns of sentences to the left. */
export function htmlTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const styles = head.map((_, column) =>
    rows.some((row) => row[column].length > SENTENCE) ? "text-align:left" : "white-space:nowrap"
  );
  const cells = (kind: string, texts: readonly string[]) =>
    `<tr>${
      texts.map((text, column) => `<${kind} style="${styles[column]}">${escaped(text)}</${kind}>`).join("")
    }</tr>`;
  return `<table>${cells("th", head)}${rows.map((row) => cells("td", row)).join("")}</table>`;
}
