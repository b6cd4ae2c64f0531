/**
 * Statements of a cell as statements of a script whose names last: every name that a cell declares becomes a `let`, which
 * V8's REPL mode lets later cells declare anew, whatever it was before.
 *
 * @module
 */
import ts from "npm:typescript@5.9.3";

/** Makes of what the statement awaits something that can be interrupted. */
type Wait = (value: ts.Expression) => ts.Expression;

/** Whether a statement runs before the others: modules are loaded and functions are there before the first line. */
export function hoisted(statement: ts.Statement): boolean {
  return ts.isImportDeclaration(statement) || ts.isFunctionDeclaration(statement);
}

/** The statements that a statement becomes; none where it is of types alone. */
export function lasting(statement: ts.Statement, factory: ts.NodeFactory, wait: Wait): ts.Statement[] {
  const declare = (name: ts.BindingName, value: ts.Expression) =>
    factory.createVariableStatement(
      undefined,
      factory.createVariableDeclarationList(
        [factory.createVariableDeclaration(name, undefined, undefined, value)],
        ts.NodeFlags.Let,
      ),
    );
  if (ts.isImportDeclaration(statement)) {
    if (statement.importClause?.isTypeOnly) return [];
    const loaded = factory.createAwaitExpression(wait(dynamicImport(statement, factory)));
    const wanted = exportsOf(statement);
    const module = wanted.length === 0 ? loaded : guestCall(
      factory,
      "exports",
      loaded,
      statement.moduleSpecifier,
      factory.createArrayLiteralExpression(wanted.map((name) => factory.createStringLiteral(name))),
    );
    const names = namesOf(statement, factory);
    return names.length === 0
      ? [factory.createExpressionStatement(module)]
      : names.map((name, i) => declare(name, i === 0 ? module : names[0] as ts.Identifier));
  }
  if (ts.isExportDeclaration(statement)) return [];
  if (ts.isExportAssignment(statement)) return [factory.createExpressionStatement(statement.expression)];
  if (ts.isFunctionDeclaration(statement)) {
    if (statement.body === undefined) return [];
    const { name, asteriskToken, typeParameters, parameters, type, body } = statement;
    const modifiers = statement.modifiers?.filter(({ kind }) =>
      kind === ts.SyntaxKind.AsyncKeyword
    ) as ts.Modifier[];
    const value = factory.createFunctionExpression(
      modifiers,
      asteriskToken,
      name,
      typeParameters,
      parameters,
      type,
      body,
    );
    return name === undefined ? [] : [declare(name, value)];
  }
  if (ts.isClassDeclaration(statement)) {
    if (isDeclared(statement) || statement.name === undefined) return [];
    const { name, typeParameters, heritageClauses, members } = statement;
    const decorators = ts.getDecorators(statement);
    return [
      declare(
        name,
        factory.createClassExpression(decorators, name, typeParameters, heritageClauses, members),
      ),
    ];
  }
  if (ts.isVariableStatement(statement)) {
    if (isDeclared(statement)) return [];
    const { declarationList } = statement;
    // The flag of `await using` includes that of `using`.
    const using = (declarationList.flags & ts.NodeFlags.Using) !== 0;
    const declarations = declarationList.declarations.map((each) => using ? held(each, factory, wait) : each);
    return [
      factory.updateVariableStatement(
        statement,
        undefined,
        factory.createVariableDeclarationList(declarations, ts.NodeFlags.Let),
      ),
    ];
  }
  return [withoutExport(statement, factory)];
}

function isDeclared(statement: ts.ClassDeclaration | ts.VariableStatement): boolean {
  return statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword) ?? false;
}

/** `using x = value` of a cell frees what an earlier run of it held, and holds the value for the cells after. */
function held(
  each: ts.VariableDeclaration,
  factory: ts.NodeFactory,
  wait: Wait,
): ts.VariableDeclaration {
  const name = factory.createStringLiteral((each.name as ts.Identifier).text);
  const hold = guestCall(factory, "hold", name, each.initializer!);
  const value = factory.createAwaitExpression(wait(hold));
  return factory.updateVariableDeclaration(each, each.name, undefined, undefined, value);
}

/** A call of one of the guest's functions, `__ebb.name(…)`. */
export function guestCall(
  factory: ts.NodeFactory,
  name: string,
  ...values: ts.Expression[]
): ts.CallExpression {
  const method = factory.createPropertyAccessExpression(factory.createIdentifier("__ebb"), name);
  return factory.createCallExpression(method, undefined, values);
}

function dynamicImport(
  { moduleSpecifier, attributes }: ts.ImportDeclaration,
  factory: ts.NodeFactory,
): ts.Expression {
  const options = attributes && [
    factory.createObjectLiteralExpression([
      factory.createPropertyAssignment(
        "with",
        factory.createObjectLiteralExpression(
          attributes.elements.map(({ name, value }) => factory.createPropertyAssignment(name, value)),
        ),
      ),
    ]),
  ];
  return factory.createCallExpression(
    factory.createToken(ts.SyntaxKind.ImportKeyword) as ts.ImportExpression,
    undefined,
    // Scripts have no folder of their own that relative imports begin at.
    [guestCall(factory, "resolve", moduleSpecifier), ...options ?? []],
  );
}

/** The names that a module is to export for an import. */
function exportsOf({ importClause }: ts.ImportDeclaration): string[] {
  const { name, namedBindings } = importClause ?? {};
  const elements = namedBindings !== undefined && ts.isNamedImports(namedBindings)
    ? namedBindings.elements
    : [];
  return [
    ...name === undefined ? [] : ["default"],
    ...elements.filter(({ isTypeOnly }) => !isTypeOnly).map(({ propertyName, name }) =>
      (propertyName ?? name).text
    ),
  ];
}

/** What an import declares: the whole module, `{ default: a, b, c: d }`, or both in this order. */
function namesOf({ importClause }: ts.ImportDeclaration, factory: ts.NodeFactory): ts.BindingName[] {
  if (importClause === undefined) return [];
  const { name, namedBindings } = importClause;
  const elements = name === undefined ? [] : [factory.createBindingElement(undefined, "default", name)];
  if (namedBindings !== undefined && ts.isNamespaceImport(namedBindings)) {
    const some = elements.length === 0 ? [] : [factory.createObjectBindingPattern(elements)];
    return [namedBindings.name, ...some];
  }
  for (const { isTypeOnly, propertyName, name } of namedBindings?.elements ?? []) {
    if (!isTypeOnly) elements.push(factory.createBindingElement(undefined, propertyName, name));
  }
  return [factory.createObjectBindingPattern(elements)];
}

function withoutExport(statement: ts.Statement, factory: ts.NodeFactory): ts.Statement {
  if (!ts.isEnumDeclaration(statement) && !ts.isModuleDeclaration(statement)) return statement;
  const modifiers = statement.modifiers?.filter((each): each is ts.Modifier =>
    ts.isModifier(each) && each.kind !== ts.SyntaxKind.ExportKeyword &&
    each.kind !== ts.SyntaxKind.DefaultKeyword
  );
  return factory.replaceModifiers(statement, modifiers);
}
