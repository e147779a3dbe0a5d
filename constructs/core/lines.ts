/** The text of a configuration file: its lines, each ended with a line feed. */
export function lines(...text: readonly string[]): string {
  return `${text.join('\n')}\n`;
}
