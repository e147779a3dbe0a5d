import { describe, expect, test } from '@jest/globals';
import { compare } from '../../../cli/review/compare.js';
import type { Topology } from '../../../constructs/core/topology.js';
import { declarationOf } from '../../support/declaration.js';
import { type Change, synth } from '../../support/synth.js';

/** As a version wrote it that had no models. */
function older(change: Change = {}) {
  const synthesized = synth(change);
  const { models, ...rest } = JSON.parse(synthesized.topologyText) as Topology;
  expect(models.length).toBeGreaterThan(3);
  const services = rest.services.map((service) => ({ ...service, settings: {} }));
  return declarationOf({
    text: synthesized.text,
    // Nor did it know exceptions, and volumes that others may read.
    topologyText: JSON.stringify({ ...rest, formatVersion: 1, services }, (key, value: unknown) =>
      key === 'exceptions' || (key === 'readOnly' && value === false) ? undefined : value,
    ),
  });
}
const now = declarationOf(synth());

describe('a base of a version without models', () => {
  test('that declares the same gives no finding', () => {
    expect(compare(older(), now)).toEqual([]);
  });

  test('that declares something else is compared by its files, of which nobody but a reader knows what they mean', () => {
    const found = compare(older({ redis: { appendOnly: 'off' } }), now);
    expect(found.map(({ level, what }) => `${level}: ${what}`)).toEqual([
      'exposure: `redis`: files: `/config/redis.conf` changed, and nothing that is known of `redis` says why',
      expect.stringContaining('availability: `redis`: all 3 containers are replaced (`file /config/redis.conf`)'),
    ]);
  });

  test('says what shows elsewhere as ever', () => {
    const found = compare(older({ api: { replicas: 3 } }), now).map(({ level, what }) => `${level}: ${what}`);
    expect(found).toContain('availability: `api`: fewer containers: `3` → `2`');
  });
});

test('a base of a later version, or with a model of another kind, is refused', () => {
  const { text, topology } = synth();
  const written = (change: object) => () =>
    declarationOf({ text, topologyText: JSON.stringify({ ...topology, ...change }) });
  expect(written({ formatVersion: 4 })).toThrow(
    /the topology\.json of the test is of another version.*formatVersion 3/,
  );
  expect(written({ models: [{ kind: 'mail', name: 'mail' }] })).toThrow(/not known \(got "mail"\).*Choose a base/);
});
