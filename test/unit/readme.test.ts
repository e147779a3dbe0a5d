import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

/** What both languages must say alike. */
function skeleton(path: string) {
  const text = readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
  const fences = [...text.matchAll(/^```[^]*?^```$/gm)].map(([block]) => block);
  const prose = text.replaceAll(/^```[^]*?^```$/gm, '');
  const links = [...prose.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1] ?? '');
  return {
    fences,
    headings: [...prose.matchAll(/^#+/gm)].map(([marks]) => marks),
    links: links.filter((link) => !/^README/.test(link)),
    // Sentences are ordered otherwise in another language, but what is typed is the same.
    code: prose.split(/\n(?=#+ )/).map((section) => [...section.matchAll(/`[^`\n]+`/g)].map(([code]) => code).sort()),
    rows: [...prose.matchAll(/^\|.*\|$/gm)].map(([row]) => row.replaceAll('\\|', '').split('|').length),
    promises: [...prose.matchAll(/^- \*\*/gm)].length,
  };
}

test('the Chinese README has the same commands, examples, tables, links and promises', () => {
  expect(skeleton('README.zh-CN.md')).toEqual(skeleton('README.md'));
  expect(skeleton('README.md').fences.length).toBeGreaterThan(3);
});

test('every file that a README links to is there', () => {
  const files = skeleton('README.md')
    .links.filter((link) => !link.startsWith('https:'))
    .map((link) => link.split('#')[0] ?? '');
  expect(files.filter((file) => !existsSync(file))).toEqual([]);
});
