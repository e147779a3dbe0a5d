import { execFile, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type ChangedFile, parseDiff } from '../../cli/review/changes.js';
import { type Declaration, readDeclaration } from '../../cli/review/declaration.js';
import { type LocatedFinding, type Review, reviewed } from '../../cli/review/review.js';
import { SourceTree } from '../../cli/review/source-tree.js';
import { placeDev } from './place-dev.js';

/** A change of the project's own sources, as an edit of their text. */
export interface Variant {
  readonly name: string;
  /** File, what stands there (once), what replaces it. */
  readonly edits: readonly (readonly [path: string, from: string, to: string])[];
}

const SOURCES = [
  'project.ts',
  'cli/project.ts',
  'cli/synth',
  'stacks',
  'constructs',
  'environments',
  'policies',
  'images',
  'images.lock.json',
];

/** Reviews variants of the working tree's sources against the sources as they are: real edits, real synth, real diffs. */
export class Variants {
  private readonly folder = mkdtempSync(join(realpathSync.native(tmpdir()), 'redis-platform-variants-'));

  private constructor(private readonly all: readonly Variant[]) {}

  static async of(all: readonly Variant[], environment = 'dev'): Promise<Variants> {
    const variants = new Variants(all);
    symlinkSync(resolve('node_modules'), join(variants.folder, 'node_modules'), 'junction');
    const folders = ['base', ...all.map((_, index) => String(index))].map((name) => join(variants.folder, name));
    for (const [index, folder] of folders.entries()) {
      for (const source of SOURCES) cpSync(source, join(folder, source), { recursive: true });
      placeDev(folder);
      for (const edit of all[index - 1]?.edits ?? []) applyEdit(folder, edit);
    }
    await promisify(execFile)(process.execPath, [resolve('test/support/synth-variants.mjs'), environment, ...folders]);
    return variants;
  }

  /** A review of one variant. */
  async review(variant: Variant, environment = 'dev'): Promise<Review> {
    const [base, folder] = [join(this.folder, 'base'), join(this.folder, String(this.all.indexOf(variant)))];
    const [before, after] = await Promise.all([SourceTree.open(base), SourceTree.open(folder)]);
    const about = { base: { ref: 'main', commit: '0'.repeat(40) }, tree: { commit: null, dirty: true } };
    const sides = {
      name: environment,
      before: this.declaration(base, environment),
      after: this.declaration(folder, environment),
    };
    return reviewed(about, [sides], { before, after, changes: this.changes(variant, base, folder) });
  }
  /** The text of a line that a finding names. */
  textAt(variant: Variant, { where }: LocatedFinding): string {
    if (!where) return '';
    const folder = where.side === 'base' ? 'base' : String(this.all.indexOf(variant));
    const lines = readFileSync(join(this.folder, folder, where.path), 'utf8').split('\n');
    return lines[where.line - 1]?.trim() ?? '';
  }
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private declaration(folder: string, environment: string): Declaration {
    return readDeclaration(join(folder, 'out', 'stacks', environment), folder);
  }
  private changes({ edits }: Variant, base: string, folder: string): ChangedFile[] {
    const paths = [...new Set(edits.map(([path]) => path))];
    return paths.flatMap((path) => {
      const [old, now] = [join(base, path), join(folder, path)];
      const { stdout } = spawnSync('git', ['diff', '--no-index', '--no-color', '-U0', '--', old, now], {
        encoding: 'utf8',
      });
      return parseDiff(stdout).map((file) => ({ ...file, path }));
    });
  }
}

function applyEdit(folder: string, [path, from, to]: Variant['edits'][number]): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const parts = text.split(from);
  if (from !== '' && parts.length !== 2) throw new Error(`${path} has ${parts.length - 1} times: ${from}`);
  writeFileSync(file, from === '' ? to : parts.join(to));
}
