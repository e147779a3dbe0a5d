import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Gives a copy of the project the declaration that tests start from, in place of what its user has made of it. */
export function placeDev(project: string): void {
  const declared = readFileSync(join('test', 'support', 'dev.ts'), 'utf8').replaceAll('\r\n', '\n');
  const text = declared.replace("'../../environments/schema.js'", "'./schema.js'");
  writeFileSync(join(project, 'environments', 'dev.ts'), text);
}
