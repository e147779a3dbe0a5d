import type Docker from 'dockerode';
import { nameOf } from '../status/containers.js';
import type { Difference } from './difference.js';
import type { EngineView } from './engine-view.js';

/**
 * Containers that nobody declared and that reach what is behind a declared network: a connection is to succeed only if it
 * was declared. They lose the network, and go on otherwise.
 * @param networks those that are declared
 * @param own the declared containers
 * @param removed ids of containers that go altogether
 */
export function foreignMembers(
  { all }: Pick<EngineView, 'all'>,
  networks: readonly Docker.NetworkInspectInfo[],
  own: readonly { readonly container: Docker.ContainerInspectInfo }[],
  removed: ReadonlySet<string>,
): Difference[] {
  const ours = new Map(own.map(({ container }) => [container.Id, container.Name.slice(1)]));
  return all
    .filter(({ Id }) => !ours.has(Id) && !removed.has(Id))
    .flatMap(({ Id, Names, NetworkSettings, HostConfig }): Difference[] => {
      const name = nameOf(Names);
      const joined = Object.entries(NetworkSettings.Networks).flatMap(([network, { NetworkID }]): Difference[] => {
        const found = networks.find(({ Id: id, Name }) => (NetworkID === '' ? Name === network : id === NetworkID));
        if (!found) return [];
        const what = `container ${name}, which is not declared, is a member of network ${found.Name}`;
        return [{ what, address: undefined, repair: { by: 'disconnect', container: Id, network: found.Id } }];
      });
      const host = ours.get(HostConfig.NetworkMode.replace(/^container:/, ''));
      if (host === undefined) return joined;
      const what = `container ${name}, which is not declared, shares the networks of ${host}`;
      const fix = `Run \`docker rm -f ${name}\` if nobody needs it.`;
      return [...joined, { what, address: undefined, repair: { by: 'user', fix } }];
    });
}
