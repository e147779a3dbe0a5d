import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { looksLikeSecret, settingsIn } from '../../../../policies/judge/secret-looking.js';

// In pieces, so that nobody's scanner takes these for real ones.
const piece = (...pieces: string[]) => pieces.join('');
const TOKENS: readonly [string, string][] = [
  ['a private key', piece('-----BEGIN', ` OPENSSH PRIVATE KEY-----\nb3Blbn`)],
  ['an AWS access key', piece('ASIA', `Q3EGRSEXAMPLE123`)],
  ['a GitHub token', piece('ghp', `_${'a1B2'.repeat(9)}`)],
  ['a GitHub token', piece('github', `_pat_${'a1B2'.repeat(9)}`)],
  ['a GitLab token', piece('glpat', `-${'a1B2'.repeat(5)}`)],
  ['a Slack token', piece('xoxb', `-123456789012-abcdef`)],
  ['a Stripe key', piece('sk', `_live_${'a1B2'.repeat(6)}`)],
  ['a Google API key', piece('AIza', 'a1B2-'.repeat(7))],
  ['an npm token', piece('npm', `_${'a1B2'.repeat(9)}`)],
  ['a JSON web token', piece('eyJ', `hbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2ln`)],
  ['an address with a password in it', 'postgres://shop:swordfish@db:5432/shop'],
];

describe('a value looks like a secret', () => {
  test.each(TOKENS)('where it is %s', (why, value) => {
    expect(looksLikeSecret('ANY', value)).toBe(why);
    expect(looksLikeSecret('ANY', `--with ${value} --inside`)).toBe(why);
  });

  test.each([
    'PASSWORD',
    'DB_PASSWORD',
    'dbPassword',
    'shop.api-key',
    'SHOP_APIKEY',
    'SECRET',
    'AUTH_TOKEN',
    'requirepass',
    'db-passwd',
  ])('where it is called %s', (name) => {
    expect(looksLikeSecret(name, 'swordfish')).toBe('its name says so');
  });

  test('where it was generated: 24 random bytes, as base64 or hex, are found whatever they are called', () => {
    const generated = fc.nat().map((seed) => createHash('sha256').update(String(seed)).digest().subarray(0, 24));
    fc.assert(
      fc.property(generated, (value) => {
        expect(looksLikeSecret('BLOB', value.toString('hex'))).toBeDefined();
        const base64 = value.toString('base64url');
        // One in a hundred has no digit, and could be words.
        if (/\d/.test(base64)) expect(looksLikeSecret('BLOB', base64)).toBeDefined();
      }),
    );
  });
});

describe('a value does not look like a secret', () => {
  test.each<[string, string]>([
    ['REDIS_PASSWORD_FILE', '/config/secrets/redis-app'],
    ['PASSWORD', ''],
    ['REQUIRE_TOKEN', 'true'],
    ['DB_PASSWORD', '/run/secrets/db'],
    ['PASSWORD_MIN_LENGTH', '12'],
    ['COMPASS', 'north'],
    ['KEY_PREFIX', 'shop'],
    ['IMAGE', `ghcr.io/acme/shop@sha256:${'ab'.repeat(16)}`.slice(0, 40)],
    ['IMAGE_DIGEST', `sha256:${'0123456789abcdef'.repeat(4)}`],
    ['GIT_SHA', '4b825dc642cb6eb9a060e54bf8d69288fbee4904'],
    ['LISTEN_ADDRESS', '10.213.1.130:8080,127.0.0.1:8080'],
    ['ES_JAVA_OPTS', '-Xms512m -Xmx512m -XX:MaxDirectMemorySize=268435456 -Dlog4j2.formatMsgNoLookups=true'],
    ['CLASSPATH', '/usr/share/elasticsearch/lib/Elasticsearch-Core-8.15.3.jar'],
    ['USER_AGENT', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36'],
    ['SINCE', '2026-11-22T17:39:09.123456789Z'],
    ['PATTERN', '^[A-Za-z0-9]{16,}$'],
  ])('%s=%s', (name, value) => {
    expect(looksLikeSecret(name, value)).toBeUndefined();
  });
});

test("a command's words are settings: options with the word behind them, assignments, and others without a name", () => {
  expect(settingsIn(['run', '--token', 'x', '--key=y', 'A=z', '-v', '--on'])).toEqual([
    ['', 'run'],
    ['', '--token'],
    ['--token', 'x'],
    ['--key', 'y'],
    ['A', 'z'],
    ['', '-v'],
    ['', '--on'],
  ]);
});
