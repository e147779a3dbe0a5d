import { expect, test } from '@jest/globals';
import { dockerfile as dockerfileOf, withoutTests } from '../../../../constructs/core/dockerfile.js';
import { earlyStages } from '../../../../cli/images/dockerfile-stages.js';

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
  const text = withoutTests(dockerfile);
  expect(text).not.toMatch(/test$/m);
  expect(text.split('\n').filter((line) => !line.startsWith('#'))).toEqual(
    dockerfile.split('\n').filter((line) => !/#|test/.test(line)),
  );
});

test('a Dockerfile without such a stage stays as it is', () => {
  const text = 'FROM debian\nRUN echo AS test\n';
  expect(withoutTests(text)).toBe(text);
});

const chain = [
  'ARG BASE',
  'ARG TOOLS',
  'FROM ${TOOLS} AS tools',
  'FROM ${BASE} AS download',
  'COPY list.txt ./',
  'RUN fetch',
  'FROM download AS unpacked',
  'RUN unpack',
  'FROM ${BASE} AS system',
  'RUN apt-get install x',
  'FROM system',
  'COPY --from=tools /bin/tool /bin/',
  'COPY --from=unpacked /data /data',
  '',
].join('\n');

test('a stage that needs fewer images than the whole can be built early, from itself and what it is built from', () => {
  const stages = earlyStages(chain);
  expect(stages.map(({ name, images, after }) => [name, images, after])).toEqual([
    ['download', ['BASE'], []],
    ['unpacked', ['BASE'], ['download']],
    ['system', ['BASE'], []],
  ]);
  expect(stages[1]?.text).toBe([...chain.split('\n').slice(0, 2), ...chain.split('\n').slice(3, 8), ''].join('\n'));
});

test.each(['COPY . .', 'COPY ./ /src', 'COPY * /src/', 'ADD [".", "/src"]', 'COPY --chown=1:1 Dockerfile /'])(
  'a stage that holds the Dockerfile itself is not built early: %s',
  (copy) => {
    expect(earlyStages(chain.replace('RUN fetch', copy)).map(({ name }) => name)).toEqual(['system']);
  },
);

test('every image of the catalogue that installs packages does so while its programs are compiled', () => {
  for (const name of ['redis', 'haproxy', 'rsyslog', 'elasticsearch-debian']) {
    const stages = earlyStages(dockerfileOf(`images/${name}`));
    expect(stages.find((stage) => stage.name === 'system')?.images).toEqual(['BASE']);
  }
});

test('Redis is compiled for its image and for the tests of it once, while the image that it is put into is built', () => {
  const text = dockerfileOf('images/redis-defrag');
  const early = (of: string) => earlyStages(of).map(({ name, images, after }) => [name, images, after]);
  expect(early(withoutTests(text))).toEqual([['packages', ['BASE'], []]]);
  expect(early(text)).toEqual([
    ['packages', ['BASE'], []],
    ['test', ['BASE', 'GO_BUILDER'], ['packages']],
  ]);
});
