/**
 * Beside the program: why it must not be applied yet, in words. Only what plain `npx cdktf` runs looks there; other commands repair the
 * reasons first.
 */
export const NOT_READY_FILE = 'not-ready.txt';
