import { amount, asRecord, list, text, texts, type Values } from '../../policies/judge/values.js';
import { configOf, type ImageFacts } from './image-facts.js';
import type { Fact } from './facts.js';

const TIMES = ['interval', 'timeout', 'start_period', 'start_interval'] as const;

/** @returns undefined where only the image could tell, and there is none */
export function declaredHealthCheck(values: Values, { image }: { image: ImageFacts | undefined }): Fact | undefined {
  const block = list(values['healthcheck'])[0];
  if (block === undefined) return image && healthCheck(configOf(image)['Healthcheck']);
  const check = asRecord(block);
  return render(
    texts(check['test']),
    amount(check['retries']),
    TIMES.map((time) => nanoseconds(text(check[time]) ?? '0s')),
  );
}

/** @param check `Config.Healthcheck` of a container or image */
export function healthCheck(check: unknown): Fact {
  const { Test, Retries, Interval, Timeout, StartPeriod, StartInterval } = asRecord(check);
  return render(texts(Test), amount(Retries), [Interval, Timeout, StartPeriod, StartInterval].map(amount));
}

function render(test: readonly string[], retries: number, times: readonly number[]): string {
  if (test.length === 0) return '';
  // Without one, the rest has no meaning.
  if (test[0] === 'NONE') return 'NONE';
  const shown = TIMES.map((time, index) => `${time} ${(times[index] ?? 0) / 1e9}s`);
  return [test.join(' '), `retries ${retries}`, ...shown].join(', ');
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Of a duration as Go writes it: `1m0.5s`. */
function nanoseconds(duration: string): number {
  const parts = [...duration.matchAll(/([\d.]+)([a-zµ]+)/g)];
  return parts.reduce((sum, [, number, unit = '']) => sum + Math.round(Number(number) * (UNITS[unit] ?? NaN)), 0);
}
