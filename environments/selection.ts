import { overlaps } from '../constructs/core/address-plan.js';
import { PlatformError } from '../constructs/core/platform-error.js';
import { processEnv } from './process-env.js';
import { type Environment, type EnvironmentInput, parseEnvironment } from './schema.js';

/** What a command works on. */
export interface Selection {
  readonly environment: Environment;
  readonly instance: string | undefined;
}

/**
 * The environment and instance that options name, else PLATFORM_ENV and PLATFORM_INSTANCE, else `dev`.
 * @throws PlatformError for unknown names and broken environments
 */
export function select(
  environments: readonly EnvironmentInput[],
  options: { env?: string | undefined; instance?: string | undefined } = {},
): Selection {
  // CI systems set variables to nothing rather than not at all, hence `||`.
  const instance = options.instance ?? (processEnv['PLATFORM_INSTANCE'] || undefined);
  checkInstanceName(instance);
  const name = options.env ?? (processEnv['PLATFORM_ENV'] || 'dev');
  return { environment: loadEnvironment(environments, name), instance };
}

/**
 * @param environments all that there are
 * @param name of one of them
 * @throws PlatformError for an unknown name, or with all that is wrong in the environment
 */
export function loadEnvironment(environments: readonly EnvironmentInput[], name: string): Environment {
  const input = environments.find((one) => one.name === name);
  if (!input) {
    throw new PlatformError({
      what: 'there is no such environment',
      got: name,
      allowed: environments.map((one) => one.name).join(', '),
      fix: 'Select one with --env or PLATFORM_ENV.',
    });
  }
  const environment = parseEnvironment(input);
  checkOverlap(environment, environments);
  return environment;
}

/** Environments run side by side on one engine, so their subnets must not overlap. */
function checkOverlap({ name, network }: Environment, environments: readonly EnvironmentInput[]): void {
  for (const other of environments) {
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
