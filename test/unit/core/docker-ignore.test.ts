import { expect, test } from '@jest/globals';
import { DockerIgnore } from '../../../constructs/core/docker-ignore.js';
import { PlatformError } from '../../../constructs/core/platform-error.js';

const source = ['internal/x.go', 'internal/x_test.go', 'internal/deep/y_test.go', 'internal/testdata/two'];
const docs = ['docs/README.md', 'docs/a/b.md'];
const files = ['README.md', 'main.go', 'main_test.go', '.env', 'a+b', ...docs, ...source, 'testdata/one'];
const tests = ['main_test.go', 'internal/x_test.go', 'internal/deep/y_test.go'];
const except = (...kept: string[]) => files.filter((file) => !kept.includes(file));

// What github.com/moby/patternmatcher 0.6.0 says of the same files.
test.each<[string, string[]]>([
  ['', []],
  ['README.md', ['README.md']],
  ['/README.md', ['README.md']],
  ['./docs/../README.md', ['README.md']],
  ['docs', docs],
  ['docs/', docs],
  ['**/README.md', ['README.md', 'docs/README.md']],
  ['**README.md', ['README.md', 'docs/README.md']],
  ['*.md', ['README.md']],
  ['**/*.md', ['README.md', ...docs]],
  ['*/*.md', ['docs/README.md']],
  ['**/*_test.go', tests],
  ['**/testdata', ['internal/testdata/two', 'testdata/one']],
  ['internal/**', source],
  ['internal/**/*.go', source.slice(0, 3)],
  ['inter*', source],
  ['.*', ['.env']],
  ['.', []],
  ['?ain.go', ['main.go']],
  ['main[_.]*', ['main.go', 'main_test.go']],
  ['[^m]*.go', []],
  ['a+b', ['a+b']],
  ['MAIN.GO', []],
  ['*', files],
  ['**', files],
  ['*\n!*.go\n!internal\n**/*_test.go', except('main.go', 'internal/x.go', 'internal/testdata/two')],
  ['internal\n!internal/x.go', source.slice(1)],
  ['!main.go\n*.go', ['main.go', 'main_test.go']],
  ['docs\n!**/b.md', ['docs/README.md']],
  ['*\n! main.go', except('main.go')],
  ['# README.md\n\n  main.go  \r\n\r\n.env\r\n', ['main.go', '.env']],
  ['\uFEFFmain.go\n #main.go', ['main.go']],
])('%j ignores what Docker ignores', (text, ignored) => {
  const ignore = DockerIgnore.parse(text, '.dockerignore');
  expect(files.filter((file) => ignore.ignores(file))).toEqual(ignored);
});

test('every line that is no pattern is refused, with what to write instead', () => {
  const text = '# x\n!\nmain[.go\nok\n[z-a]\r\ndocs\\README.md\n[]\n/\n';
  const parse = () => DockerIgnore.parse(text, 'images/api/.dockerignore');
  expect(parse).toThrow(PlatformError);
  let problems: readonly unknown[] = [];
  try {
    parse();
  } catch (error) {
    if (error instanceof PlatformError) problems = error.problems;
  }
  const brackets = expect.stringContaining('then `]`');
  expect(problems).toEqual(
    [
      [2, '!', 'a path or a pattern', 'Name something'],
      [3, 'main[.go', brackets, 'Close the bracket'],
      [5, '[z-a]', brackets, 'begin with the lower end'],
      [6, 'docs\\README.md', expect.stringContaining('otherwise on Windows'), 'with `/`'],
      [7, '[]', brackets, 'Close the bracket'],
      [8, '/', 'a path or a pattern', 'Name something'],
    ].map(([line, got, allowed, fix]) => ({
      what: `line ${String(line)} of images/api/.dockerignore is no pattern`,
      got,
      allowed,
      fix: expect.stringContaining(String(fix)),
    })),
  );
});
