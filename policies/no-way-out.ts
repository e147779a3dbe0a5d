import { eachRunningContainer, type Policy } from './judge/policy.js';

/** What the provider and Docker call the network of containers that name none. */
const DEFAULT = new Set(['bridge', 'default', 'nat']);

export default {
  why: 'From a network with a way out, whoever breaks in can send data away and fetch tools.',
  fix: 'Let containers join networks of endpoints only (addEndpoint, allowTo): those have no way out.',
  judge: eachRunningContainer(({ networks, namespaces }, { networks: declared }) => {
    const mode = namespaces['network'] ?? 'bridge';
    if (mode === 'none') return [];
    if (networks.size === 0) return [`it is on the engine's own network, ${mode}, which leads out`];
    const names = [...networks.keys(), ...(DEFAULT.has(mode) ? [] : [mode])];
    return names.flatMap((name) => {
      const network = declared.find((one) => one.name === name);
      if (network === undefined) return [`it joins ${name}, which is not declared here`];
      return network.hasWayOut ? [`it joins ${name}, which leads out`] : [];
    });
  }),
} satisfies Policy;
