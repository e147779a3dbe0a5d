import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Outcome } from '../../../cli/review/judge/replacement.js';
import { judgePlan, readPlan, readPlanFile } from '../../../cli/review/terraform-plan.js';
import { declarationOf } from '../../support/declaration.js';
import { synth } from '../../support/synth.js';

/** A replica fewer than before. */
const sides = () => ({
  before: declarationOf(synth({ redis: { replicas: 3 } })),
  after: declarationOf(synth()),
});

/** In the format of `terraform show -json`, version 1.2. */
const recorded = readFileSync('test/unit/review/recorded/plan.json', 'utf8');

test('a plan says which resources are created, replaced, changed and removed, and why, but no value', () => {
  const planned = readPlan(recorded);
  expect(planned).toEqual([
    { address: 'docker_container.api-service-0', action: 'changed in place', because: [] },
    { address: 'docker_container.proxy-service-0', action: 'replaced', because: ['env'] },
    { address: 'docker_container.redis-node-seeder', action: 'replaced', because: ['upload'] },
    { address: 'docker_container.redis-node-0', action: 'replaced', because: ['volumes'] },
    { address: 'docker_container.redis-node-3', action: 'removed', because: [] },
    { address: 'docker_network.network-edge', action: 'created', because: [] },
  ]);
  expect(JSON.stringify(planned)).not.toContain('correct-horse');
});

test('what the change itself explains is not said again, the rest is', () => {
  const replaced = (instance: string, service: string): Outcome => ({
    service,
    instance,
    action: 'replaced',
    because: [],
  });
  const findings = judgePlan(readPlan(recorded), sides(), [
    { service: 'redis', instance: 'redis-3', action: 'removed', because: [] },
    replaced('redis-0', 'redis'),
  ]);
  expect(findings.map(({ level, what }) => `${level}: ${what}`)).toEqual([
    'availability: the deployment on this machine differs beyond this change: 1 resource would be replaced: `docker_container.proxy-service-0`',
    'other: the deployment on this machine differs beyond this change: 1 resource would be changed in place: `docker_container.api-service-0`',
  ]);
});

test('containers and networks that nothing declares any more are named', () => {
  const findings = judgePlan(readPlan(recorded), sides(), []);
  expect(findings.map(({ what }) => what)).toContainEqual(
    expect.stringContaining('would be removed: `docker_container.redis-node-3`'),
  );
  expect(findings.map(({ what }) => what)).toContainEqual(
    expect.stringContaining('would be created: `docker_network.network-edge`'),
  );
});

test.each([
  ['nothing', '', /an empty text/],
  ['what `terraform plan` prints', 'Terraform will perform the following actions', /no JSON/],
  ['half a plan', recorded.slice(0, 500), /no JSON/],
  [
    'another format',
    recorded.replace('"format_version": "1.2"', '"format_version": "2.0"'),
    /format_version: a format that this version does not know/,
  ],
  ['other JSON', '[]', /the plan: /],
  ['an action that is not known', recorded.replace('"update"', '"explode"'), /resource_changes\.0\.change\.actions\.0/],
  ['a plan that failed', recorded.replace('"errored": false', '"errored": true'), /incomplete/],
])('a plan that cannot be read is an error that says what to do: %s', (_, text, message) => {
  const error: unknown = expect.objectContaining({ name: 'PlatformError', message: expect.stringMatching(message) });
  expect(() => readPlan(text)).toThrow(error);
});

test.each([
  ['UTF-16, as PowerShell writes it', Buffer.from(`\uFEFF${recorded}`, 'utf16le')],
  ['UTF-8 with a mark', Buffer.from(`\uFEFF${recorded}`)],
])('a plan is read from a file in %s', (_, bytes) => {
  const folder = mkdtempSync(join(tmpdir(), 'redis-platform-plan-'));
  try {
    writeFileSync(join(folder, 'plan.json'), bytes);
    expect(readPlanFile(join(folder, 'plan.json'))).toEqual(readPlan(recorded));
    writeFileSync(join(folder, 'plan.json'), '');
    expect(() => readPlanFile(join(folder, 'plan.json'))).toThrow('terraform show -json');
    expect(() => readPlanFile(join(folder, 'none.json'))).toThrow('Check its name.');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
