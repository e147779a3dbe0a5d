import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fillIn, Secret, secretsIn } from '../../../constructs/core/secret.js';

const names = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/);

test('the marks of a secret are found in any text, each secret once', () => {
  const [app, probe] = [new Secret('redis-app'), new Secret('redis-probe')];
  expect(secretsIn(`a ${app.plain} #${probe.sha256} ${app.sha256} ${app.plain}`)).toEqual(['redis-app', 'redis-probe']);
  expect(secretsIn('no {{mark}} here, nor {{secret:}} or ${secret:x}')).toEqual([]);
});

test('every secret that has a name is found again', () => {
  fc.assert(
    fc.property(names, fc.string(), (name, around) => secretsIn(`${around}${new Secret(name).plain}`).includes(name)),
  );
});

test.each(['', 'Redis-App', 'a b', 'a/b', '../a', 'a}}', 'a.b'])('a secret cannot be called %j', (name) => {
  expect(() => new Secret(name)).toThrow(/name of a secret[^]*a-z, 0-9 and -/);
});

test('filling in replaces each mark by the form that it asks for, and nothing else', () => {
  const { plain, sha256 } = new Secret('k');
  const filled = fillIn(`p=${plain} h=#${sha256} $& {{other}}`, (form, name) => `<${form} of ${name}>`);
  expect(filled).toBe('p=<secret of k> h=#<sha256 of k> $& {{other}}');
});

test('a value is put in literally, even if it looks like a replacement pattern or like another mark', () => {
  const other = new Secret('other').plain;
  expect(fillIn(new Secret('k').plain, () => `$&$1${other}`)).toBe(`$&$1${other}`);
});
