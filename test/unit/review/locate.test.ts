import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { locate } from '../../../cli/review/locate.js';
import { SourceTree } from '../../../cli/review/source-tree.js';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function treeWith(maxMemory: string): Promise<SourceTree> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-platform-locate-'));
  folders.push(folder);
  mkdirSync(join(folder, 'environments'));
  const text = `export const dev = {\n  name: 'dev',\n  redis: { maxMemory: '${maxMemory}' },\n};\n`;
  writeFileSync(join(folder, 'environments', 'dev.ts'), text);
  return SourceTree.open(folder);
}

test('a setting is found in the section of its kind, whatever the construct is called', async () => {
  const sources = { before: await treeWith('64MiB'), after: await treeWith('32MiB'), changes: [] };
  const cause = { construct: 'cache/node', settings: ['maxMemory'] };
  expect(locate({ cause: { ...cause, section: 'redis' } }, 'dev', sources)).toEqual({
    path: 'environments/dev.ts',
    line: 3,
    side: 'tree',
  });
  expect(locate({ cause }, 'dev', sources)).toBeUndefined();
});

test('a rebuilt image is traced to what is part of it, not to its documents and tests', async () => {
  const tree = await treeWith('64MiB');
  const change = (path: string) => ({ path, hunks: [{ added: [7], removed: [] }] });
  const changes = [change('images/api/README.md'), change('images/api/main_test.go'), change('images/api/main.go')];
  const cause = { files: ['images/api'] };
  expect(locate({ cause }, 'dev', { before: tree, after: tree, changes })).toMatchObject({
    path: 'images/api/main.go',
  });
  expect(locate({ cause }, 'dev', { before: tree, after: tree, changes: changes.slice(0, 2) })).toBeUndefined();
});
