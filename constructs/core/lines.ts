/** The text of a configuration file: its lines, each ended with a line feed. */
export function lines(...text: readonly string[]): string {
  return `${text.join('\n')}\n`;
}

/** A checkout on Windows may have CRLF. Binary files, told as git does by a NUL near the start, stay as they are. */
export function withUnixLineEnds(content: Buffer): Buffer {
  if (!content.includes('\r\n') || content.subarray(0, 8000).includes(0)) return content;
  return Buffer.from(content.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}
