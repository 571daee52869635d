import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";
import ts from "typescript";

/** How many counters there may be. */
export const COUNTERS = 2 ** 13;

/**
 * Counts how often each branch of the library runs: every block, case, arm of a condition and right side of `&&`,
 * `||` and `??` gets a counter of its own in `globalThis.__counters`. V8's own precise coverage would do, but takes
 * milliseconds to ask; these take microseconds, and that makes a hundred times as many inputs.
 */
export function instrument(files: RegExp): Plugin {
  let next = 0;
  const takeNext = () => {
    if (next === COUNTERS) throw new Error("too many branches");
    return next++;
  };
  return {
    name: "instrument",
    setup({ onLoad }) {
      onLoad({ filter: files }, async ({ path }) => {
        const { outputText } = ts.transpileModule(await readFile(path, "utf8"), {
          fileName: path,
          compilerOptions: {
            target: ts.ScriptTarget.ES2022,
            module: ts.ModuleKind.ESNext,
            verbatimModuleSyntax: true,
          },
          transformers: { before: [counting(takeNext)] },
        });
        return { contents: `const __counters = globalThis.__counters;\n${outputText}`, loader: "js" };
      });
    },
  };
}

const SHORT_CIRCUITS = new Set<ts.SyntaxKind>([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
]);

function counting(takeNext: () => number): ts.TransformerFactory<ts.SourceFile> {
  return (context) => {
    const { factory } = context;
    const count = () =>
      factory.createPostfixIncrement(
        factory.createElementAccessExpression(factory.createIdentifier("__counters"), takeNext()),
      );
    const counted = (expression: ts.Expression) =>
      factory.createParenthesizedExpression(factory.createComma(count(), expression));
    const countFirst = (statements: readonly ts.Statement[]) => [
      factory.createExpressionStatement(count()),
      ...statements,
    ];
    const asBlock = (statement: ts.Statement) =>
      ts.isBlock(statement) ? statement : factory.createBlock(countFirst([statement]), true);

    const visit = (old: ts.Node): ts.Node => {
      const node = ts.visitEachChild(old, visit, context);
      if (ts.isBlock(node)) return factory.updateBlock(node, countFirst(node.statements));
      if (ts.isCaseClause(node))
        return factory.updateCaseClause(node, node.expression, countFirst(node.statements));
      if (ts.isDefaultClause(node)) return factory.updateDefaultClause(node, countFirst(node.statements));
      if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) {
        const { modifiers, typeParameters, parameters, type, equalsGreaterThanToken: arrow } = node;
        return factory.updateArrowFunction(
          node,
          modifiers,
          typeParameters,
          parameters,
          type,
          arrow,
          counted(node.body),
        );
      }
      if (ts.isConditionalExpression(node)) {
        const { condition, questionToken, whenTrue, colonToken, whenFalse } = node;
        const [yes, no] = [counted(whenTrue), counted(whenFalse)];
        return factory.updateConditionalExpression(node, condition, questionToken, yes, colonToken, no);
      }
      if (ts.isBinaryExpression(node) && SHORT_CIRCUITS.has(node.operatorToken.kind))
        return factory.updateBinaryExpression(node, node.left, node.operatorToken, counted(node.right));
      if (ts.isIfStatement(node)) {
        const otherwise = node.elseStatement;
        const no = otherwise === undefined || ts.isIfStatement(otherwise) ? otherwise : asBlock(otherwise);
        return factory.updateIfStatement(node, node.expression, asBlock(node.thenStatement), no);
      }
      if (ts.isForStatement(node))
        return factory.updateForStatement(
          node,
          node.initializer,
          node.condition,
          node.incrementor,
          asBlock(node.statement),
        );
      if (ts.isForOfStatement(node))
        return factory.updateForOfStatement(
          node,
          node.awaitModifier,
          node.initializer,
          node.expression,
          asBlock(node.statement),
        );
      if (ts.isWhileStatement(node))
        return factory.updateWhileStatement(node, node.expression, asBlock(node.statement));
      return node;
    };
    return (file) => ts.visitEachChild(file, visit, context);
  };
}
