const SECRET_WORD = /pass|secret|token|credential|auth|private|key\b|apikey/i;

/** A line or variable whose value could be a password is shown without it. */
export function masked(name: string, value: string): string {
  return SECRET_WORD.test(name) ? '***' : value;
}

export function maskedLine(line: string): string {
  const match = SECRET_WORD.exec(line);
  return match ? `${line.slice(0, match.index + match[0].length)} ***` : line;
}
