import type { Topology } from '../../constructs/core/topology.js';
import { STORE_FILES } from '../../constructs/logging/store-files.js';
import { type AnyModel, serviceNamed, servicesOf } from '../../constructs/models.js';
import { renderProxyConfig, renderProxySecrets } from '../../constructs/proxy/render-config.js';
import { NODE_FILES, type RedisAddresses, SENTINEL_FILES } from '../../constructs/redis/render-config.js';

/**
 * Whether a service's file is what this version renders from the model. The review's code is the working tree's, so that
 * another text of the base shows that what renders it was changed since.
 * @returns undefined for files that are not rendered from a model alone
 */
export function isRenderedFrom(
  model: AnyModel,
  service: string,
  path: string,
  topology: Topology,
): boolean | undefined {
  const text = serviceNamed(topology, service)?.files.find((file) => file.path === path)?.text;
  try {
    const rendered = render(model, service, path, topology);
    return rendered === undefined ? undefined : rendered === text;
  } catch {
    // A model of another version may lack what this one renders.
    return false;
  }
}

function render(model: AnyModel, service: string, path: string, topology: Topology): string | undefined {
  const addressOf = (name: string, instance: number | string) => {
    const owner = topology.services.find(({ endpoints }) => endpoints.some((endpoint) => endpoint.name === name));
    const index = owner?.instances.findIndex((one, at) => one.name === instance || at === instance) ?? -1;
    return owner?.endpoints.find((endpoint) => endpoint.name === name)?.addresses[index] ?? '';
  };
  if (model.kind === 'redis') {
    const { nodes, sentinels } = model;
    const at: RedisAddresses = {
      node: (index) => addressOf(nodes.service, index),
      sentinel: (index) => addressOf(sentinels.service, index),
    };
    return (service === nodes.service ? NODE_FILES : SENTINEL_FILES)[path]?.(model, at);
  }
  if (model.kind === 'logs') return service === model.services.store ? STORE_FILES[path]?.(model) : undefined;
  if (model.kind !== 'proxy') return undefined;
  if (path === '/config/secrets.cfg') return renderProxySecrets(model);
  if (path !== '/config/haproxy.cfg') return undefined;
  const own = serviceNamed(topology, servicesOf(model)[0] ?? '')?.instances[0]?.networks['edge'];
  return renderProxyConfig(model, { own: own ?? '', server: addressOf });
}
