import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PlatformError } from '../../../constructs/core/platform-error.js';
import { Duration, Size } from '../../../constructs/core/units.js';

const amounts = fc.maxSafeNat();

describe('a size', () => {
  test('is read back as it was written', () => {
    fc.assert(fc.property(amounts, (bytes) => Size.parse(Size.bytes(bytes).toString())?.toBytes() === bytes));
  });

  test.each([
    ['0B', 0],
    ['1KiB', 1024],
    ['128MiB', 134_217_728],
    ['1.5GiB', 1_610_612_736],
  ])('%s is %d bytes', (text, bytes) => {
    expect(Size.parse(text)?.toBytes()).toBe(bytes);
  });

  test('is written with the largest unit that needs no fraction', () => {
    expect(String(Size.mebibytes(1536))).toBe('1536MiB');
    expect(String(Size.mebibytes(2048))).toBe('2GiB');
    expect(String(Size.bytes(1025))).toBe('1025B');
    expect(String(Size.bytes(0))).toBe('0B');
  });

  test.each([
    '',
    '128',
    'MiB',
    '-1MiB',
    '1MB',
    '1mib',
    '1 MiB',
    '1e3MiB',
    '0.3B',
    '9999999999GiB',
    '1MiB\n',
    'constructor',
    '1toString',
  ])('is not %j', (text) => {
    expect(Size.parse(text)).toBeUndefined();
  });

  test('is rounded up to whole MiB for Docker', () => {
    expect(Size.bytes(1).toMebibytes()).toBe(1);
    expect(Size.mebibytes(64).toMebibytes()).toBe(64);
    expect(Size.bytes(64 * 1024 ** 2 + 1).toMebibytes()).toBe(65);
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('cannot be %d bytes', (bytes) => {
    expect(() => Size.bytes(bytes)).toThrow(PlatformError);
  });
});

describe('a duration', () => {
  test('is read back as it was written', () => {
    fc.assert(
      fc.property(
        amounts,
        (length) => Duration.parse(Duration.milliseconds(length).toString())?.toMilliseconds() === length,
      ),
    );
  });

  test.each([
    ['0ms', 0],
    ['1500ms', 1500],
    ['1.5s', 1500],
    ['2min', 120_000],
    ['1h', 3_600_000],
  ])('%s is %d milliseconds', (text, length) => {
    expect(Duration.parse(text)?.toMilliseconds()).toBe(length);
  });

  test.each(['', '5', 's', '-1s', '1m', '1sec', '0.5ms', '1 s', '1w'])('is not %j', (text) => {
    expect(Duration.parse(text)).toBeUndefined();
  });

  test('is rounded up to whole seconds, so that nothing gets less time than declared', () => {
    expect(Duration.milliseconds(1).toSeconds()).toBe(1);
    expect(Duration.milliseconds(1500).toSeconds()).toBe(2);
    expect(Duration.seconds(10).toSeconds()).toBe(10);
  });

  test.each([-1, 0.5, Number.NaN])('cannot be %d milliseconds', (length) => {
    expect(() => Duration.milliseconds(length)).toThrow(PlatformError);
  });
});
