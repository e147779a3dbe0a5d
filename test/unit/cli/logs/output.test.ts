import { expect, test } from '@jest/globals';
import { PassThrough, Writable } from 'node:stream';
import { Output } from '../../../../cli/logs/output.js';

const failing = (code: string) =>
  new Writable({
    write: (_, __, done) => {
      done(Object.assign(new Error(code), { code }));
    },
  });

test('lines are written each with a line feed', async () => {
  const stream = new PassThrough();
  await new Output(stream).write(['one', 'two']);
  expect(String(stream.read())).toBe('one\ntwo\n');
});

test.each(['EPIPE', 'EOF'])('a reader that goes away (%s) ends it quietly', async (code) => {
  const output = new Output(failing(code));
  expect(output.closed.aborted).toBe(false);
  await output.write(['one']);
  expect(output.closed.aborted).toBe(true);
  await output.write(['two']);
});

test('a full disk does not', async () => {
  await expect(new Output(failing('ENOSPC')).write(['one'])).rejects.toThrow('ENOSPC');
});
