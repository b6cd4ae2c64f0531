/**
 * What a notebook shows of a report: tables as HTML.
 *
 * @module
 */

/** What a notebook asks a value for. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display") as never;

/** A table of texts. */
export function htmlTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (kind: string, texts: readonly string[]) =>
    `<tr>${texts.map((text) => `<${kind}>${escaped(text)}</${kind}>`).join("")}</tr>`;
  return `<table>${cells("th", head)}${rows.map((row) => cells("td", row)).join("")}</table>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
