/**
 * A cell's TypeScript as a script that V8 runs in its REPL mode, in which names live on for the cells after. Imports, which
 * scripts have not, become dynamic ones; every `await` can be interrupted; the last expression is the cell's value.
 *
 * @module
 */
import ts from "npm:typescript@5.9.3";
import { guestCall, hoisted, lasting } from "./lasting.ts";
import { declaredBy } from "./names.ts";
import { isReserved } from "./reserved.ts";
import { lifted } from "./vars.ts";

/** A compiled cell. */
export interface Compiled {
  /** The script. */
  readonly code: string;
  /** Its source map, as JSON; lines and columns of the script count from the first line after {@linkcode PREFIX}. */
  readonly map: string;
}

/** A cell that is no TypeScript. */
export class CellSyntaxError extends SyntaxError {
  override name = "SyntaxError";
  /** `line` and `column` count from 1. */
  constructor(message: string, readonly line: number, readonly column: number) {
    super(message);
  }
}

/** Lines of a script before the first one of the cell. */
export const PREFIX = 1;

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  // What a cell imports, a later one may use.
  verbatimModuleSyntax: true,
  sourceMap: true,
};

/**
 * Compiles a cell.
 *
 * @param cell its number, which the script tells the guest
 * @param url what the script is called in what V8 says of it
 * @throws {CellSyntaxError} where it is no TypeScript.
 */
export function compile(source: string, cell: number, url: string): Compiled {
  checkLanguage(source);
  // A comment at the end may be taken for the script's own, and TypeScript takes the first line of a program for code.
  const text = asExpression(source) ??
    source.replace(/\/\/[#@] ?source(Mapping)?URL=\S*\s*$/, "").replace(/^#!/, "//");
  const lowered = /@\w|\baccessor\b/.test(text);
  const { outputText, sourceMapText, diagnostics = [] } = ts.transpileModule(text, {
    fileName: "cell.ts",
    reportDiagnostics: true,
    // V8 has no decorators yet.
    compilerOptions: lowered ? { ...OPTIONS, target: ts.ScriptTarget.ES2022 } : OPTIONS,
    transformers: { before: [(context) => (file) => rewrite(file, context, cell)], after: [afterwards] },
  });
  const [first] = diagnostics;
  if (first !== undefined) {
    const { line, character } = first.file!.getLineAndCharacterOfPosition(first.start!);
    throw new CellSyntaxError(
      ts.flattenDiagnosticMessageText(first.messageText, "\n"),
      line + 1,
      character + 1,
    );
  }
  const body = outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "");
  const code =
    `"use strict";await __ebb.begin(${cell});\n${body}\nawait __ebb.end(${cell});\n//# sourceURL=${url}`;
  return { code, map: sourceMapText! };
}

/** What begins a cell of IPython that runs a program; `!x` alone is an expression. */
const SHELL =
  /^\s*(?:%|pip3? install\b|!(?:apt|cat|cd|cp|curl|deno|echo|git|head|ls|mkdir|mv|npm|nvidia-smi|pip3?|pwd|python3?|rm|tail|wget)\b)/;

/** Refuses what is of other notebooks, and says what to do instead. */
function checkLanguage(source: string): void {
  if (!SHELL.test(source)) return;
  throw new CellSyntaxError(
    "a cell is TypeScript and has no magics: programs run by `await new Deno.Command(name, { args }).output()`, and " +
      'packages are imported as they are, `import … from "npm:name"`',
    1,
    1,
  );
}

/** A cell `{ a: 1 }` means the object, not a block with a label. */
function asExpression(source: string): string | undefined {
  const text = source.trim();
  if (!text.startsWith("{") || text.endsWith(";")) return undefined;
  const wrapped = `(${source.trimEnd()}\n)`;
  return syntaxErrors(wrapped).length === 0 ? wrapped : undefined;
}

/** What the parser finds wrong with a text. */
export function syntaxErrors(source: string): readonly ts.DiagnosticWithLocation[] {
  const file = ts.createSourceFile(
    "cell.ts",
    source,
    { languageVersion: ts.ScriptTarget.ESNext, setExternalModuleIndicator: (file) => asModule(file) },
    false,
  );
  return (file as unknown as { parseDiagnostics: ts.DiagnosticWithLocation[] }).parseDiagnostics;
}

/** Only modules have `await` outside of functions. */
function asModule(file: ts.SourceFile): void {
  (file as unknown as { externalModuleIndicator: boolean }).externalModuleIndicator = true;
}

function rewrite(file: ts.SourceFile, context: ts.TransformationContext, cell: number): ts.SourceFile {
  const { factory } = context;
  const guest = (name: string, node: ts.Node, ...values: ts.Expression[]) => {
    const { line, character } = file.getLineAndCharacterOfPosition(node.getStart(file));
    const where = [cell, line + 1, character + 1].map((value) => factory.createNumericLiteral(value));
    return guestCall(factory, name, ...values, ...where);
  };
  const visit = (node: ts.Node): ts.Node => {
    const inner = ts.visitEachChild(node, visit, context);
    if (ts.isAwaitExpression(inner)) {
      return factory.updateAwaitExpression(inner, guest("wait", node, inner.expression));
    }
    if (ts.isCallExpression(inner) && inner.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier, ...rest] = inner.arguments;
      return factory.updateCallExpression(inner, inner.expression, undefined, [
        guestCall(factory, "resolve", specifier),
        ...rest,
      ]);
    }
    if (ts.isMetaProperty(inner) && inner.keywordToken === ts.SyntaxKind.ImportKeyword) {
      return factory.createPropertyAccessExpression(factory.createIdentifier("__ebb"), "meta");
    }
    if (ts.isForOfStatement(inner) && inner.awaitModifier) {
      const { awaitModifier, initializer, expression, statement } = inner;
      const each = guest("each", (node as ts.ForOfStatement).expression, expression);
      return factory.updateForOfStatement(inner, awaitModifier, initializer, each, statement);
    }
    return inner;
  };
  const last = file.statements.at(-1);
  const early: ts.Statement[] = [];
  const statements: ts.Statement[] = [];
  for (const original of file.statements) {
    checkStatement(original, file);
    const nested = !ts.isVariableStatement(original);
    const { statement, names } = nested ? lifted(original, context) : { statement: original, names: [] };
    if (names.length > 0) statements.push(declaring(names, factory));
    const visited = visit(statement) as ts.Statement;
    const lived = lasting(visited, factory, (value) => guest("wait", original, value));
    const value = original === last ? resultOf(visited) : undefined;
    const kept = value === undefined ? lived : [factory.createExpressionStatement(
      guestCall(factory, "result", value),
    )];
    (hoisted(original) ? early : statements).push(...kept.map((each) => ts.setTextRange(each, original)));
  }
  return factory.updateSourceFile(file, [...early, ...statements]);
}

/** `let a, b;` */
function declaring(names: readonly string[], factory: ts.NodeFactory): ts.Statement {
  const declarations = names.map((name) => factory.createVariableDeclaration(name));
  return factory.createVariableStatement(
    undefined,
    factory.createVariableDeclarationList(declarations, ts.NodeFlags.Let),
  );
}

/** Refuses statements that a cell cannot have, in a sentence. */
function checkStatement(statement: ts.Statement, file: ts.SourceFile): void {
  const refuse = (node: ts.Node, message: string) => {
    const { line, character } = file.getLineAndCharacterOfPosition(node.getStart(file));
    throw new CellSyntaxError(message, line + 1, character + 1);
  };
  if (ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined) {
    refuse(statement, "a cell exports nothing: import what it is to have");
  }
  if (ts.isImportEqualsDeclaration(statement)) {
    refuse(statement, 'import … = require(…) is of other modules: write import … from "npm:name"');
  }
  for (const name of declaredBy(statement)) {
    if (!isReserved(name.text)) continue;
    refuse(
      name,
      `expected another name than ${name.text}, which is JavaScript's own and which all modules would miss`,
    );
  }
}

/** What a last statement gives. */
function resultOf(statement: ts.Statement): ts.Expression | undefined {
  if (ts.isExpressionStatement(statement)) return statement.expression;
  return ts.isExportAssignment(statement) ? statement.expression : undefined;
}

/**
 * TypeScript closes a module that exports nothing with `export {}`, which a script must not have, and makes of enums and
 * namespaces a `var`, which a later cell could not declare anew.
 */
function afterwards(context: ts.TransformationContext): ts.Transformer<ts.SourceFile> {
  const { factory } = context;
  return (file) =>
    factory.updateSourceFile(
      file,
      file.statements.filter((each) => !ts.isExportDeclaration(each)).map((each) => {
        if (!ts.isVariableStatement(each) || each.declarationList.flags & ts.NodeFlags.BlockScoped) {
          return each;
        }
        const { declarations } = each.declarationList;
        const list = factory.createVariableDeclarationList(declarations, ts.NodeFlags.Let);
        return factory.updateVariableStatement(each, each.modifiers, list);
      }),
    );
}
