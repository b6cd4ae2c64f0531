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

/** A table of texts as HTML. */
export function htmlTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (kind: string, texts: readonly string[]) =>
    `<tr>${texts.map((text) => `<${kind}>${escaped(text)}</${kind}>`).join("")}</tr>`;
  return `<table>${cells("th", head)}${rows.map((row) => cells("td", row)).join("")}</table>`;
}
