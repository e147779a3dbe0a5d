/** What the Go linker wrote into a program; `go version -m` shows the same. */
export interface GoBuildInfo {
  /** Such as `1.24.4`. */
  readonly goVersion: string;
  readonly modules: readonly GoModule[];
}

export interface GoModule {
  readonly path: string;
  readonly version: string;
}

// The format: the comment at the top of Go's debug/buildinfo package. Strings are in the header itself since Go 1.18.
const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
const ALIGNMENT = 16;
const FLAGS_OFFSET = 15;
const HAS_INLINE_STRINGS = 2;
const HEADER_LENGTH = 32;
/** Marks of this length stand before and after the list of modules. */
const SENTINEL_LENGTH = 16;

/** @returns undefined if it is not a Go program, or one older than Go 1.18 */
export function goBuildInfo(program: Buffer): GoBuildInfo | undefined {
  for (let at = program.indexOf(MAGIC); at >= 0; at = program.indexOf(MAGIC, at + 1)) {
    const inline = ((program[at + FLAGS_OFFSET] ?? 0) & HAS_INLINE_STRINGS) !== 0;
    if (at % ALIGNMENT !== 0 || !inline) continue;
    const version = readString(program, at + HEADER_LENGTH);
    const list = readString(program, version.end);
    const text = list.bytes.subarray(SENTINEL_LENGTH, -SENTINEL_LENGTH).toString();
    return { goVersion: version.bytes.toString().replace(/^go/, '').split(' ')[0] ?? '', modules: modulesOf(text) };
  }
  return undefined;
}

/** `mod` is the program's own module, `dep` one that is in it, and `=>` what stands in for the line before. */
function modulesOf(text: string): GoModule[] {
  const modules: GoModule[] = [];
  for (const line of text.split('\n')) {
    const [kind, path = '', version = ''] = line.split('\t');
    if (kind === 'dep' || kind === 'mod') modules.push({ path, version });
    else if (kind === '=>') modules.splice(-1, 1, { path, version });
  }
  return modules;
}

/** A length as Go's `binary.Uvarint`, then as many bytes. */
function readString(program: Buffer, start: number): { readonly bytes: Buffer; readonly end: number } {
  let [length, at, factor] = [0, start, 1];
  for (; (program[at] ?? 0) >= 0x80; at++, factor *= 0x80) length += ((program[at] ?? 0) & 0x7f) * factor;
  length += (program[at++] ?? 0) * factor;
  return { bytes: program.subarray(at, at + length), end: at + length };
}
