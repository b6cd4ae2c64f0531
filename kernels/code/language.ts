/**
 * What is known of names in cells, their signatures and documentation: asks Deno's own language server, which finds what
 * cells import as they do.
 *
 * @module
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { LanguageServer } from "./lsp.ts";
import { withoutRedeclared } from "./names.ts";

/** How long an answer may take, in milliseconds: the first one loads what the cells import. */
const LIMIT_MS = 8000;

/** What can be written as it is; an optional member ends in a question mark. */
const NAME = /^[#@]?[\p{ID_Start}$_][\p{ID_Continue}$]*\??$/u;

/** Kinds of names by the protocol's numbers. */
const KINDS: Readonly<Record<number, string>> = {
  2: "function",
  3: "function",
  5: "property",
  6: "variable",
  7: "class",
  8: "interface",
  9: "module",
  10: "property",
  13: "enum",
  14: "keyword",
  21: "constant",
};

interface Item {
  readonly label: string;
  readonly kind?: number;
  readonly sortText?: string;
  readonly insertText?: string;
}

interface Hover {
  readonly contents:
    | string
    | { readonly value: string }
    | readonly (string | { readonly language?: string; readonly value: string })[];
}

/** Answers by a language server, which is started when first asked. */
export class Language {
  readonly #url: string;
  readonly #cwd: string;
  #server: Promise<LanguageServer> | undefined;
  #version = 0;
  #prepared = "";

  constructor(cwd: string) {
    this.#cwd = cwd;
    this.#url = pathToFileURL(join(cwd, ".ebb-notebook.ts")).href;
  }

  /** Loads what the cells import, where that has changed: the first question is then answered at once. */
  async prepare(cells: readonly string[]): Promise<void> {
    const imports = cells.filter((text) => /\bimport\b/.test(text));
    if (imports.join("\n") === this.#prepared) return;
    this.#prepared = imports.join("\n");
    // What comes after a dot; names that stand alone would be looked for in all that could be imported.
    const code = `${imports.join("\n").match(/\bas\s+([\p{ID_Continue}$]+)/u)?.[1] ?? "globalThis"}.`;
    await this.complete(imports, code, code.length);
  }

  /** The content of a `complete_reply`; positions count characters. */
  async complete(before: readonly string[], code: string, cursor: number): Promise<Record<string, unknown>> {
    const at = toUnits(code, cursor);
    const word = code.slice(0, at).match(/[\p{ID_Continue}$#]*$/u)![0];
    const found = await this.#ask<{ items: Item[] } | Item[] | null>(
      "textDocument/completion",
      before,
      code,
      at,
      { context: { triggerKind: code[at - word.length - 1] === "." ? 2 : 1, triggerCharacter: "." } },
    );
    const all = found === undefined || found === null ? [] : "items" in found ? found.items : found;
    const items = all.filter(({ label }) =>
      NAME.test(label) && label.toLowerCase().startsWith(word.toLowerCase())
    )
      .sort((a, b) => (a.sortText ?? a.label) < (b.sortText ?? b.label) ? -1 : 1).slice(0, 500);
    const [start, end] = [toCharacters(code, at - word.length), cursor];
    const names = items.map(({ label, insertText }) => insertText ?? label.replace(/\?$/, ""));
    return {
      matches: names,
      cursor_start: start,
      cursor_end: end,
      metadata: {
        _jupyter_types_experimental: items.map(({ kind }, i) => ({
          start,
          end,
          text: names[i],
          type: KINDS[kind ?? 0] ?? "",
        })),
      },
    };
  }

  /** The content of an `inspect_reply`. */
  async inspect(before: readonly string[], code: string, cursor: number): Promise<Record<string, unknown>> {
    const at = toUnits(code, cursor);
    // With the cursor behind a name or its bracket, the name is meant.
    const behind = code.slice(0, at).replace(/[\s(]+$/, "").length;
    const on = /[\p{ID_Continue}$]/u.test(code[at] ?? "") ? at : Math.max(0, behind - 1);
    const found = await this.#ask<Hover | null>("textDocument/hover", before, code, on);
    const text = found === undefined || found === null ? "" : markdownOf(found);
    if (text === "") return { found: false, data: {}, metadata: {} };
    return { found: true, data: { "text/markdown": text, "text/plain": plainOf(text) }, metadata: {} };
  }

  /** Ends the server. */
  async stop(): Promise<void> {
    await this.#server?.then((server) => server.stop(), () => {});
  }

  /** What the server says of a place in the last cell; undefined where it does not say in time. */
  async #ask<Result>(
    method: string,
    before: readonly string[],
    code: string,
    at: number,
    more: Record<string, unknown> = {},
  ): Promise<Result | undefined> {
    const cells = withoutRedeclared([...before, code]).slice(0, -1);
    const head = cells.map((text) => `${text}\n`).join("");
    const position = positionOf(head + code, head.length + at);
    const answer = (async () => {
      this.#server ??= LanguageServer.start(this.#cwd, this.#url);
      try {
        const server = await this.#server;
        server.change(this.#url, ++this.#version, head + code);
        return await server.ask<Result>(method, { textDocument: { uri: this.#url }, position, ...more });
      } catch {
        this.#server = undefined;
        return undefined;
      }
    })();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => timer = setTimeout(() => resolve(undefined), LIMIT_MS));
    return await Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }
}

/** The protocol counts characters, JavaScript the units of UTF-16. */
function toUnits(text: string, characters: number): number {
  return [...text].slice(0, characters).join("").length;
}

function toCharacters(text: string, units: number): number {
  return [...text.slice(0, units)].length;
}

function positionOf(text: string, at: number): { line: number; character: number } {
  const lines = text.slice(0, at).split("\n");
  return { line: lines.length - 1, character: lines.at(-1)!.length };
}

function markdownOf({ contents }: Hover): string {
  const parts = Array.isArray(contents) ? contents : [contents];
  return parts.map((part) =>
    typeof part === "string"
      ? part
      : part.language
      ? `\`\`\`${part.language}\n${part.value}\n\`\`\``
      : part.value
  ).filter((part) => part !== "").join("\n\n");
}

function plainOf(markdown: string): string {
  return markdown.replace(/^```.*\n?/gm, "").trim();
}
