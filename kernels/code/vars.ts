/**
 * A `var` inside of a block or a loop is the cell's own. V8's REPL mode would not let a later cell declare its name anew,
 * as it does for `let`; so such names are declared before the statement, and the `var` becomes an assignment.
 *
 * @module
 */
import ts from "npm:typescript@5.9.3";

/** A statement without such declarations, and the names that it declared. */
export function lifted(
  statement: ts.Statement,
  context: ts.TransformationContext,
): { readonly statement: ts.Statement; readonly names: readonly string[] } {
  const { factory } = context;
  const names = new Set<string>();
  const assignments = ({ declarations }: ts.VariableDeclarationList): ts.Expression | undefined => {
    const all = declarations.flatMap<ts.Expression>(({ name, initializer }) => {
      names.add((name as ts.Identifier).text);
      return initializer === undefined ? [] : [factory.createAssignment(name as ts.Identifier, initializer)];
    });
    return all.length === 0 ? undefined : all.reduce((a, b) => factory.createComma(a, b));
  };
  const visit = (node: ts.Node): ts.Node => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node) || ts.isModuleDeclaration(node)) return node;
    const inner = ts.visitEachChild(node, visit, context);
    if (ts.isVariableStatement(inner) && isVar(inner.declarationList)) {
      const value = assignments(inner.declarationList);
      return value === undefined ? factory.createEmptyStatement() : factory.createExpressionStatement(value);
    }
    if (ts.isForStatement(inner) && isVar(inner.initializer)) {
      const { initializer, condition, incrementor, statement } = inner;
      return factory.updateForStatement(inner, assignments(initializer), condition, incrementor, statement);
    }
    if (ts.isForOfStatement(inner) && isVar(inner.initializer)) {
      const { awaitModifier, expression, statement } = inner;
      return factory.updateForOfStatement(
        inner,
        awaitModifier,
        target(inner.initializer),
        expression,
        statement,
      );
    }
    if (ts.isForInStatement(inner) && isVar(inner.initializer)) {
      return factory.updateForInStatement(
        inner,
        target(inner.initializer),
        inner.expression,
        inner.statement,
      );
    }
    return inner;
  };
  const target = ({ declarations: [{ name }] }: ts.VariableDeclarationList): ts.Identifier => {
    names.add((name as ts.Identifier).text);
    return name as ts.Identifier;
  };
  return { statement: visit(statement) as ts.Statement, names: [...names] };
}

/** Whether a list declares plain names with `var`; patterns are left as they are. */
function isVar(list: ts.Node | undefined): list is ts.VariableDeclarationList {
  return list !== undefined && ts.isVariableDeclarationList(list) &&
    (list.flags & (ts.NodeFlags.BlockScoped | ts.NodeFlags.Using)) === 0 &&
    list.declarations.every(({ name }) => ts.isIdentifier(name));
}
