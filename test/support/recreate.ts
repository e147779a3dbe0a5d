import { readFileSync } from 'node:fs';
import type Docker from 'dockerode';
import { writeWhole } from '../../constructs/core/whole-file.mjs';
import type { Platform } from './platform.js';

/** What the engine cannot change of a container that is there. */
export interface Changes {
  readonly config?: Docker.ContainerCreateOptions;
  readonly host?: Docker.HostConfig;
}

/**
 * Makes a container anew by hand, with the same name, networks and addresses and with other settings, and has Terraform take it for the one
 * that it made, as `terraform import` would: the settings alone tell that it is not.
 */
export async function recreate(platform: Platform, name: string, { config, host }: Changes): Promise<void> {
  const { docker, context } = platform;
  const old = await platform.container(name).inspect();
  const networks = Object.entries(old.NetworkSettings.Networks).map(([network, { IPAMConfig, Aliases }]) => {
    const aliases = ((Aliases ?? []) as string[]).filter((alias) => !old.Id.startsWith(alias));
    return [network, { IPAMConfig: (IPAMConfig ?? {}) as object, Aliases: aliases }] as const;
  });
  await docker.getContainer(old.Id).remove({ force: true });
  const [first, ...others] = networks;
  const made = await docker.createContainer({
    ...old.Config,
    name: old.Name.slice(1),
    HostConfig: { ...old.HostConfig, NetworkMode: first?.[0] ?? 'none', ...host },
    NetworkingConfig: { EndpointsConfig: first ? { [first[0]]: first[1] } : {} },
    ...config,
  });
  for (const [network, EndpointConfig] of others)
    await docker.getNetwork(network).connect({ Container: made.id, EndpointConfig });
  await made.start();
  writeWhole(context.paths.state, readFileSync(context.paths.state, 'utf8').replaceAll(old.Id, made.id));
}
