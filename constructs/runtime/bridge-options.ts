import type { WorkloadNetwork } from './workload.js';

/** Of the engine's bridge driver. */
export function bridgeOptions({ internal, isolated }: WorkloadNetwork): Record<string, string> {
  return {
    ...(isolated && { 'com.docker.network.bridge.gateway_mode_ipv4': 'isolated' }),
    // Published ports work without masquerading; the way out to the internet does not.
    ...(!internal && { 'com.docker.network.bridge.enable_ip_masquerade': 'false' }),
  };
}
