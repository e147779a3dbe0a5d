import { describe, expect, it } from '@jest/globals';
import { containerStatus, type Inspected, nameOf } from '../../../../cli/status/containers.js';

const redis = { name: 'redis-0', container: 'rp-dev-redis-0', role: 'service', supporting: false } as const;
const seeder = { name: 'redis-seeder', container: 'rp-dev-redis-seeder', role: 'seeder', supporting: false } as const;

function inspected(state: Partial<Inspected['State']>, restarts = 0): Inspected {
  const running = { Status: 'running', ExitCode: 0, OOMKilled: false, StartedAt: '2026-11-22T15:00:00Z' };
  return { RestartCount: restarts, State: { ...running, ...state } };
}

describe('a container', () => {
  it.each([
    ['healthy', redis, inspected({ Health: { Status: 'healthy' } }), { health: 'healthy' }],
    ['running without a health check', redis, inspected({}), { health: 'none' }],
    ['a seeder that was created', seeder, inspected({ Status: 'created' }), { state: 'created', startedAt: null }],
  ])('that is %s is well', (_, declared, state, wanted) => {
    const { status, finding } = containerStatus(declared, state);
    expect(status).toMatchObject({ ok: true, ...wanted });
    expect(finding).toBeUndefined();
  });

  it.each([
    ['missing', undefined, 'redis-0 is missing. Run `npm start`, which creates it again.'],
    ['starting', inspected({ Health: { Status: 'starting' } }), 'redis-0 is starting.'],
    [
      'unhealthy',
      inspected({ Health: { Status: 'unhealthy', Log: [{ Output: 'old' }, { Output: 'no master\nx' }] } }),
      'redis-0 is unhealthy: its health check says "no master". See `docker logs rp-dev-redis-0`.',
    ],
    ['paused', inspected({ Status: 'paused' }), 'redis-0 is paused. Run `docker unpause rp-dev-redis-0`.'],
    [
      'restarting',
      inspected({ Status: 'restarting', ExitCode: 2 }, 5),
      'redis-0 keeps ending (exit code 2) and was restarted 5 times. See `docker logs rp-dev-redis-0`.',
    ],
    [
      'exited',
      inspected({ Status: 'exited', ExitCode: 137, OOMKilled: true }),
      'redis-0 is exited (out of memory: raise its limits.memory). Run `npm start`. See `docker logs rp-dev-redis-0`.',
    ],
  ])('that is %s is a problem', (_, state, problem) => {
    const { status, finding } = containerStatus(redis, state);
    expect(status.ok).toBe(false);
    expect(finding).toEqual({ about: 'redis-0', problem });
  });

  it('whose health check says that waiting does not help is a problem at once, and a lasting one', () => {
    const Output = 'cannot start: files of `<this container>` and `<image>`.\n';
    const state = inspected({
      Health: {
        Status: 'starting',
        Log: [
          { Output: 'PING', ExitCode: 1 },
          { Output, ExitCode: 3 },
        ],
      },
    });
    const { status, finding } = containerStatus(redis, { ...state, Config: { Image: 'sha256:1' } });
    expect(status.ok).toBe(false);
    expect(finding).toEqual({
      about: 'redis-0',
      problem: 'redis-0 cannot start: files of `rp-dev-redis-0` and `sha256:1`.',
      lasting: true,
    });
    const over = inspected({
      Health: {
        Status: 'healthy',
        Log: [
          { Output, ExitCode: 3 },
          { Output: '', ExitCode: 0 },
        ],
      },
    });
    expect(containerStatus(redis, over).status.ok).toBe(true);
    const still = inspected({ Health: { Status: 'healthy', Log: [{ Output, ExitCode: 3 }] } });
    expect(containerStatus(redis, still).finding?.lasting).toBe(true);
  });

  it('that only seeds must not run', () => {
    expect(containerStatus(seeder, inspected({})).finding?.problem).toContain('docker rm -f rp-dev-redis-seeder');
    expect(containerStatus(seeder, undefined).finding?.problem).toContain('missing');
  });

  it('is called by its own name, not by an alias', () => {
    expect(nameOf(['/other/alias', '/rp-dev-redis-0'])).toBe('rp-dev-redis-0');
  });
});
