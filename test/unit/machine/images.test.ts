import { expect, test } from '@jest/globals';
import { withoutStage } from '../../../cli/machine/images.js';

const dockerfile = [
  'ARG BASE',
  'FROM ${BASE} AS build',
  'RUN make',
  '# The tests of it.',
  'FROM build AS test',
  'RUN make test',
  'FROM ${BASE}',
  'COPY --from=build /out /',
  '',
].join('\n');

test('the stage with the tests is left out of the image, and nothing else', () => {
  const text = withoutStage(dockerfile, 'test');
  expect(text).not.toMatch(/test$/m);
  expect(text.split('\n').filter((line) => !line.startsWith('#'))).toEqual(
    dockerfile.split('\n').filter((line) => !/#|test/.test(line)),
  );
});

test('a Dockerfile without such a stage stays as it is', () => {
  const text = 'FROM debian\nRUN echo AS test\n';
  expect(withoutStage(text, 'test')).toBe(text);
});
