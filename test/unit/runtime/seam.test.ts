import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect, test } from '@jest/globals';

/** The modules that each source file of a folder imports, by its path with forward slashes. */
function importsBelow(...folders: string[]): Map<string, string[]> {
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.m?ts$/.test(entry.name))
      .map((entry) => `${entry.parentPath.replaceAll('\\', '/')}/${entry.name}`),
  );
  const imports = (file: string) =>
    [...readFileSync(file, 'utf8').matchAll(/(?:from|import) ?\(?'([^']+)'/g)].map((match) => match[1] ?? '');
  return new Map(files.map((file) => [file, imports(file)]));
}

const filesWith = (imports: Map<string, string[]>, pattern: RegExp) =>
  [...imports].filter(([, modules]) => modules.some((module) => pattern.test(module))).map(([file]) => file);

test("only the runtime for Docker knows the provider's bindings", () => {
  const all = importsBelow('cli', 'constructs', 'diagram', 'environments', 'policies', 'stacks');
  const found = filesWith(all, /^@cdktf\/provider-docker/);
  expect(found.filter((file) => !file.startsWith('constructs/runtime/docker/'))).toEqual([]);
  expect(found.length).toBeGreaterThan(0);
});

test('what is declared knows no runtime, and one runtime no other', () => {
  const declared = importsBelow(
    ...['api', 'core', 'http', 'logging', 'proxy', 'redis'].map((room) => `constructs/${room}`),
  );
  expect(filesWith(declared, /runtime|^cdktf|provider-docker/)).toEqual([]);
  expect(filesWith(importsBelow('constructs/runtime/compose'), /docker|cdktf/)).toEqual([]);
  expect(filesWith(importsBelow('constructs/runtime/docker'), /compose/)).toEqual([]);
});

test('no module of the constructs leads back to itself, not even by its types', () => {
  const imports = importsBelow('constructs');
  const target = (file: string, module: string) => posix.join(posix.dirname(file), module).replace(/\.js$/, '.ts');
  const reached = (file: string, seen = new Set<string>()): Set<string> => {
    for (const module of imports.get(file) ?? []) {
      const next = target(file, module);
      if (!module.startsWith('.') || seen.has(next)) continue;
      seen.add(next);
      reached(next, seen);
    }
    return seen;
  };
  expect(reached('constructs/core/service.ts')).toContain('constructs/core/endpoint.ts');
  expect([...imports.keys()].filter((file) => reached(file).has(file))).toEqual([]);
});
