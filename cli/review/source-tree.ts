import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type ts from 'typescript';

type Compiler = typeof ts;

/** Lines of a source file, from 1. */
export interface Span {
  readonly path: string;
  readonly first: number;
  readonly last: number;
}

/** A setting as it is written in an environment's file. */
export interface WrittenSetting {
  readonly line: number;
  /** Its value without comments and layout. */
  readonly text: string;
}

/** Folders whose sources declare the platform. */
const FOLDERS = ['stacks', 'constructs', 'environments'];

/**
 * The sources of one side, read when they are asked for. They are parsed, never run and never type-checked, so the
 * positions are the same for every base, however old, and cost other commands nothing.
 */
export class SourceTree {
  private readonly texts = new Map<string, string | undefined>();
  private readonly parsed = new Map<string, ts.SourceFile>();
  private all: string[] | undefined;

  private constructor(
    readonly folder: string,
    private readonly compiler: Compiler,
  ) {}

  static async open(folder: string): Promise<SourceTree> {
    const { default: compiler } = await import('typescript');
    return new SourceTree(folder, compiler);
  }

  /** The text of a file, with LF line ends, or nothing. @param path with forward slashes */
  read(path: string): string | undefined {
    if (!this.texts.has(path)) {
      const full = join(this.folder, ...path.split('/'));
      this.texts.set(path, existsSync(full) ? readFileSync(full, 'utf8').replaceAll('\r\n', '\n') : undefined);
    }
    return this.texts.get(path);
  }
  line(path: string, number: number): string {
    return this.read(path)?.split('\n')[number - 1] ?? '';
  }

  /** A setting such as `['redis', 'maxMemory']` in the object that a file declares. */
  setting(path: string, keys: readonly string[]): WrittenSetting | undefined {
    const source = this.parse(path);
    if (!source) return undefined;
    for (const object of this.topObjects(source)) {
      const found = this.descend(object, keys);
      if (found) {
        return { line: this.lineOf(source, found.getStart(source)), text: this.plain(source, found.initializer) };
      }
    }
    return undefined;
  }

  /** Where a construct is made: each `new X(scope, 'id', ...)` on the way to it, outermost first. */
  construct(constructPath: string): Span[] {
    const spans: Span[] = [];
    let within: string | undefined;
    for (const id of constructPath.split('/')) {
      const made = this.makings(id, within);
      if (!made) break;
      spans.push(made.span);
      within = made.className;
    }
    return spans;
  }

  private makings(id: string, within: string | undefined): { span: Span; className: string } | undefined {
    const { compiler } = this;
    for (const path of this.sources()) {
      const source = this.parse(path);
      let found: ts.NewExpression | undefined;
      const visit = (node: ts.Node, inside: boolean): void => {
        const here = inside || (compiler.isClassDeclaration(node) && node.name?.text === within);
        if (here && compiler.isNewExpression(node)) {
          const name = node.arguments?.[1];
          if (name && compiler.isStringLiteralLike(name) && name.text === id) found ??= node;
        }
        compiler.forEachChild(node, (child) => {
          visit(child, here);
        });
      };
      if (source) visit(source, within === undefined);
      if (source && found) {
        const [first, last] = [this.lineOf(source, found.getStart(source)), this.lineOf(source, found.getEnd())];
        return { span: { path, first, last }, className: found.expression.getText(source) };
      }
    }
    return undefined;
  }

  private sources(): string[] {
    this.all ??= FOLDERS.flatMap((folder) => {
      const full = join(this.folder, folder);
      if (!existsSync(full)) return [];
      const names = readdirSync(full, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'));
      return names
        .filter((name) => name.endsWith('.ts'))
        .sort()
        .map((name) => `${folder}/${name}`);
    });
    return this.all;
  }
  private parse(path: string): ts.SourceFile | undefined {
    const text = this.read(path);
    if (text === undefined) return undefined;
    const known = this.parsed.get(path);
    if (known) return known;
    const source = this.compiler.createSourceFile(path, text, this.compiler.ScriptTarget.Latest, true);
    this.parsed.set(path, source);
    return source;
  }
  private topObjects(source: ts.SourceFile): ts.ObjectLiteralExpression[] {
    const { compiler } = this;
    const found: ts.ObjectLiteralExpression[] = [];
    const add = (expression: ts.Expression | undefined): void => {
      const bare = expression && this.unwrapped(expression);
      if (bare && compiler.isObjectLiteralExpression(bare)) found.push(bare);
    };
    for (const statement of source.statements) {
      if (compiler.isVariableStatement(statement)) {
        for (const { initializer } of statement.declarationList.declarations) add(initializer);
      } else if (compiler.isExportAssignment(statement)) add(statement.expression);
    }
    return found;
  }
  private descend(object: ts.ObjectLiteralExpression, keys: readonly string[]): ts.PropertyAssignment | undefined {
    const { compiler } = this;
    const [key, ...rest] = keys;
    const property = object.properties
      .filter(compiler.isPropertyAssignment)
      .find(({ name }) => (compiler.isIdentifier(name) || compiler.isStringLiteralLike(name)) && name.text === key);
    if (!property || rest.length === 0) return property;
    const inner = this.unwrapped(property.initializer);
    return compiler.isObjectLiteralExpression(inner) ? this.descend(inner, rest) : undefined;
  }
  /** Without `as`, `satisfies` and parentheses. */
  private unwrapped(expression: ts.Expression): ts.Expression {
    const { compiler } = this;
    const wrapped =
      compiler.isAsExpression(expression) ||
      compiler.isSatisfiesExpression(expression) ||
      compiler.isParenthesizedExpression(expression);
    return wrapped ? this.unwrapped(expression.expression) : expression;
  }
  private plain(source: ts.SourceFile, node: ts.Node): string {
    const printer = this.compiler.createPrinter({ removeComments: true });
    return printer.printNode(this.compiler.EmitHint.Unspecified, node, source).replaceAll(/\s+/g, ' ');
  }
  private lineOf(source: ts.SourceFile, position: number): number {
    return source.getLineAndCharacterOfPosition(position).line + 1;
  }
}
