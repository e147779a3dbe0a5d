import { posix } from 'node:path';
import { PlatformError, type Problem } from './platform-error.js';

interface Rule {
  readonly matches: RegExp;
  /** It begins with `!`: what it matches is in again. */
  readonly exception: boolean;
}

/** `[a-z]`, as Go's filepath.Match reads it. */
const CLASS = String.raw`\[\^?(?:[^\\\]-](?:-[^\\\]-])?)+\]`;
const TOKEN = new RegExp(String.raw`\*\*\/?|\*|\?|${CLASS}|[^]`, 'gu');
const LITERAL_END = /^\*\*([^*?[/][^*?[]*)$/;

/** What a `.dockerignore` says, read as Docker does (github.com/moby/patternmatcher 0.6.0), and on every platform the same. */
export class DockerIgnore {
  private constructor(private readonly rules: readonly Rule[]) {}

  /**
   * @param file what it is called in errors
   * @throws PlatformError with every line that is no pattern
   */
  static parse(text: string, file: string): DockerIgnore {
    const rules: Rule[] = [];
    const problems: Problem[] = [];
    for (const [index, line] of text
      .replace(/^\uFEFF/, '')
      .split('\n')
      .entries()) {
      // White space before `#` makes it a pattern.
      if (line.startsWith('#') || line.trim() === '') continue;
      const [, sign = '', written = ''] = /^(!?)\s*(.*)$/.exec(line.trim()) ?? [];
      const what = `line ${index + 1} of ${file} is no pattern`;
      const problem = problemOf(written);
      if (problem) problems.push({ what, got: line.trim(), ...problem });
      else rules.push({ matches: regExpOf(cleaned(written)), exception: sign === '!' });
    }
    if (problems.length > 0) throw PlatformError.all(problems);
    return new DockerIgnore(rules);
  }

  /** @param path relative to the folder of the `.dockerignore`, with forward slashes */
  ignores(path: string): boolean {
    const parts = path.split('/');
    // What holds for a folder holds for all in it.
    const paths = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    let ignored = false;
    // The last line that matches decides.
    for (const { matches, exception } of this.rules) {
      if (ignored === exception && paths.some((one) => matches.test(one))) ignored = !exception;
    }
    return ignored;
  }

  /** Whether nothing in a folder is left. */
  ignoresAllOf(folder: string): boolean {
    return !this.rules.some(({ exception }) => exception) && this.ignores(folder);
  }
}

function problemOf(pattern: string): Pick<Problem, 'allowed' | 'fix'> | undefined {
  if (/^\/*$/.test(pattern))
    return { allowed: 'a path or a pattern', fix: 'Name something in the folder, or remove the line.' };
  if (pattern.includes('\\')) {
    return {
      allowed: 'a pattern without `\\`, which Docker reads otherwise on Windows than elsewhere',
      fix: 'Separate folders with `/`; for a character that has a meaning, write `?` or put it between `[` and `]`.',
    };
  }
  const classes = { allowed: '`[` with characters or ranges such as `a-z`, then `]`' };
  if (pattern.replaceAll(new RegExp(CLASS, 'gu'), '').includes('[')) {
    return { ...classes, fix: 'Close the bracket; for the character itself, write `?`.' };
  }
  try {
    regExpOf(cleaned(pattern));
    return undefined;
  } catch {
    return { ...classes, fix: 'Let the ranges begin with the lower end.' };
  }
}

/** Go's filepath.Clean, and without the slash that an absolute path begins with. */
function cleaned(pattern: string): string {
  return posix
    .normalize(pattern)
    .replace(/^\/(?=.)/, '')
    .replace(/(?<=.)\/$/, '');
}

function regExpOf(pattern: string): RegExp {
  // Docker takes `**.log` for an end of any path, but only where nothing else in it is special.
  const literalEnd = LITERAL_END.exec(pattern)?.[1];
  if (literalEnd !== undefined) return new RegExp(`${escaped(literalEnd)}$`, 'u');
  const source = pattern.replaceAll(TOKEN, (token, at: number) => {
    if (token.startsWith('**')) return at + token.length === pattern.length ? '.*' : '(?:.*/)?';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    return token.length > 1 && token.startsWith('[') ? classOf(token) : escaped(token);
  });
  return new RegExp(`^${source}$`, 'su');
}

function classOf(token: string): string {
  const [, not = '', inside = ''] = /^\[(\^?)(.*)\]$/su.exec(token) ?? [];
  return `[${not}${inside.replaceAll(/[\^[]/g, String.raw`\$&`)}]`;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}
