import { type Header, pack } from 'tar-stream';
import { type BuildOf, contextFiles } from '../../constructs/core/image-context.js';

export interface ArchiveEntry {
  readonly header: Partial<Header> & { readonly name: string };
  readonly content?: Buffer;
}

/**
 * What a build is sent, as a tar that is the same on every platform: LF line ends, no owner, no time, and executable exactly what starts
 * with `#!`.
 * @param extra files that are not in the folder or are to be other than there, by path
 */
export function buildContext(
  folder: string,
  of: BuildOf = 'image',
  extra: Readonly<Record<string, Buffer>> = {},
): Promise<Buffer> {
  const entries = contextFiles(folder, of)
    .filter(({ path }) => !(path in extra))
    .map(({ path, content, link }): ArchiveEntry => {
      if (link !== undefined) return { header: { name: path, type: 'symlink', linkname: link } };
      const mode = content.subarray(0, 2).toString() === '#!' ? 0o755 : 0o644;
      return { header: { name: path, mode }, content };
    });
  const additions = Object.entries(extra).map(([name, content]): ArchiveEntry => ({
    header: { name, mode: 0o644 },
    content,
  }));
  return archive([...entries, ...additions]);
}

/** Packs a tar in memory. */
export async function archive(entries: readonly ArchiveEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const { header, content } of entries) {
    const dated = { ...header, mtime: new Date(0) };
    if (content === undefined) tar.entry(dated);
    else tar.entry(dated, content);
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
