/** On the screen, of what is no error. */
export function sayNote(note: string): void {
  console.log(`Note: ${note}`);
}
