import { expect, test } from '@jest/globals';
import { MARKER, MOST_BYTES, renderMarkdown } from '../../../cli/review/render/markdown.js';
import { renderText } from '../../../cli/review/render/text.js';
import type { LocatedFinding, Review } from '../../../cli/review/review.js';
import { PLAIN } from '../../../cli/terminal/table.js';

const finding = (index: number, what = 'something'): LocatedFinding => ({
  level: index < 5 ? 'data' : 'other',
  subject: 'redis',
  what: `${what} ${index}`,
  why: 'It matters. '.repeat(20).trim(),
  where: { path: 'environments/dev.ts', line: index + 1, side: 'tree' },
  environments: ['dev', 'test'],
});
const review = (findings: readonly LocatedFinding[]): Review => ({
  base: { ref: 'main', commit: '0123456789abcdef' },
  tree: { commit: null, dirty: false },
  environments: [],
  findings,
});

test('a review of nothing says so, behind the marker of the comment', () => {
  const text = renderMarkdown(review([]));
  expect(text.startsWith(`${MARKER}\n`)).toBe(true);
  expect(text).toContain('Nothing that is deployed changes');
});

test('the table counts each level, and findings follow with level, sentence, reason, environments and line', () => {
  const text = renderMarkdown(review(Array.from({ length: 8 }, (_, index) => finding(index))));
  expect(text).toContain('| 🔴 **data** | 5 | something 0 |\n| ⚫ **other** | 3 | something 5 |');
  expect(text).toContain('### 🔴 Data\n\n- **something 0** (dev, test) — `environments/dev.ts:1`\n  It matters.');
  expect(text.match(/^### /gm)).toHaveLength(2);
});

test('however much there is, it fits one comment: the least dangerous is left out, and the rest says so', () => {
  const text = renderMarkdown(review(Array.from({ length: 1000 }, (_, index) => finding(index, '€ü'))));
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MOST_BYTES);
  expect(text.length).toBeLessThan(65_536);
  expect(text.length).toBeGreaterThan(40_000);
  expect(text).toContain('€ü 0**');
  const shown = text.match(/^- \*\*/gm)?.length ?? 0;
  expect(text).toContain(`_${1000 - shown} further sections did not fit`);
});

test('no value can be a mention, a link, an image, HTML or the end of a cell', () => {
  const text = renderMarkdown(review([finding(0, '@everyone <img src=x> [a](b) | `+@all | x`')]));
  expect(text).not.toMatch(/@everyone|<img|\[a\]/);
  expect(text).toContain('`+@all \\| x`');
});

test('the text for terminals names what is compared, and each finding with its line', () => {
  const text = renderText({ ...review([finding(0)]), tree: { commit: null, dirty: true } }, PLAIN);
  expect(text).toMatch(/^Compared with main \(0123456789ab\)/);
  expect(text).toContain('changes that are not committed included');
  expect(text).toContain('data (1) data can be lost');
  expect(text).toContain('\n    environments/dev.ts:1\n');
});
