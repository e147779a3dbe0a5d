import { expect, test } from '@jest/globals';
import { HealthCheck } from '../../../constructs/core/health-check.js';
import { Duration } from '../../../constructs/core/units.js';

test('a check by command has patient defaults, and leaves the interval to what the engine can do', () => {
  const check = HealthCheck.command(['api', 'healthcheck']);
  expect(check.command).toEqual(['api', 'healthcheck']);
  expect(check.interval).toBeUndefined();
  expect([check.timeout, check.startPeriod].map(String)).toEqual(['3s', '1min']);
  expect(check.retries).toBe(3);
  expect(check.reason).toBeUndefined();
});

test('its timing can be chosen', () => {
  const check = HealthCheck.command(['x'], { interval: Duration.seconds(2), timeout: Duration.seconds(1), retries: 5 });
  expect([check.interval, check.timeout].map(String)).toEqual(['2s', '1s']);
  expect(check.retries).toBe(5);
});

test('no check needs a reason', () => {
  expect(HealthCheck.none('has no program for it')).toMatchObject({
    command: undefined,
    reason: 'has no program for it',
  });
});
