/**
 * The names that cells declare.
 *
 * @module
 */
import ts from "npm:typescript@5.9.3";

/** The names that a statement declares. */
export function declaredBy(statement: ts.Statement): ts.Identifier[] {
  if (ts.isVariableStatement(statement)) {
    const names = (name: ts.BindingName): ts.Identifier[] =>
      ts.isIdentifier(name)
        ? [name]
        : name.elements.flatMap((each) => ts.isBindingElement(each) ? names(each.name) : []);
    return statement.declarationList.declarations.flatMap(({ name }) => names(name));
  }
  if (ts.isImportDeclaration(statement)) {
    const { name, namedBindings } = statement.importClause ?? {};
    const rest = namedBindings === undefined
      ? []
      : ts.isNamespaceImport(namedBindings)
      ? [namedBindings.name]
      : namedBindings.elements.map((each) => each.name);
    return name === undefined ? rest : [name, ...rest];
  }
  const isNamed = ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement) ||
    ts.isEnumDeclaration(statement) || ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
  return isNamed && statement.name !== undefined ? [statement.name] : [];
}

/**
 * Texts of cells without the declarations whose names a later cell declares anew: to a language server, which sees all
 * cells as one file, only the last one counts.
 */
export function withoutRedeclared(cells: readonly string[]): string[] {
  const later = new Set<string>();
  return cells.toReversed().map((text) => {
    const { statements } = ts.createSourceFile("cell.ts", text, ts.ScriptTarget.ESNext, false);
    const own: string[] = [];
    const gone: ts.Statement[] = [];
    for (const statement of statements) {
      const names = declaredBy(statement).map((name) => name.text);
      own.push(...names);
      if (names.length > 0 && names.every((name) => later.has(name))) gone.push(statement);
    }
    for (const name of own) later.add(name);
    // From the end on, so that positions hold.
    return gone.toReversed().reduce(
      (text, { pos, end }) =>
        text.slice(0, pos) + text.slice(pos, end).replace(/[^\n]/g, " ") + text.slice(end),
      text,
    );
  }).reverse();
}
