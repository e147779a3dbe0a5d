import { PlatformError } from '../constructs/core/platform-error.js';
import { overlaps } from '../constructs/core/address-plan.js';
import { ci } from './ci.js';
import { dev } from './dev.js';
import { prod } from './prod.js';
import { type Environment, type EnvironmentInput, parseEnvironment } from './schema.js';
import { test } from './test.js';

/** Every environment; a new one is a file beside this one and an entry here. */
export const environments: Readonly<Record<string, EnvironmentInput>> = { dev, test, ci, prod };

/**
 * @param name of the environment
 * @throws PlatformError for an unknown name, or with all that is wrong in the environment
 */
export function loadEnvironment(name: string): Environment {
  const input = Object.hasOwn(environments, name) ? environments[name] : undefined;
  if (!input) {
    throw new PlatformError({
      what: 'there is no such environment',
      got: name,
      allowed: Object.keys(environments).join(', '),
      fix: 'Select one with --env or PLATFORM_ENV.',
    });
  }
  const environment = parseEnvironment(input);
  checkOverlap(environment);
  return environment;
}

/** Environments run side by side on one engine, so their subnets must not overlap. */
function checkOverlap({ name, network }: Environment): void {
  for (const other of Object.values(environments)) {
    if (other.name !== name && overlaps(other.network.baseCidr, network.baseCidr)) {
      throw new PlatformError({
        what: `network.baseCidr of ${name} overlaps with that of ${other.name}`,
        got: `${network.baseCidr} and ${other.network.baseCidr}`,
        allowed: 'a range of its own for each environment',
        fix: 'Move one of them to another /20.',
      });
    }
  }
}

/** @throws PlatformError if an instance's name cannot be part of container names */
export function checkInstanceName(instance: string | undefined): void {
  if (instance !== undefined && !/^[a-z0-9]{1,16}$/.test(instance)) {
    throw new PlatformError({
      what: 'the instance name cannot be used in container names',
      got: instance,
      allowed: '1 to 16 of a-z and 0-9',
      fix: 'Use e.g. --instance alice.',
    });
  }
}
