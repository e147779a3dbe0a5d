import type Docker from 'dockerode';
import { asRecord, isOn, list, text, type Values } from '../../policies/judge/values.js';
import { type Facts, set } from './facts.js';
import { pairs } from './readings.js';

/** What is declared of a network's reach: what an attribute does not say is off. */
export function declaredNetworkFacts(values: Values): Facts {
  const labels = list(values['labels']).map(asRecord);
  return {
    driver: text(values['driver']) ?? 'bridge',
    internal: String(isOn(values['internal'])),
    attachable: String(isOn(values['attachable'])),
    ingress: String(isOn(values['ingress'])),
    ipv6: String(isOn(values['ipv6'])),
    addresses: set(
      list(values['ipam_config']).map((block) => {
        const { subnet, gateway, ip_range } = asRecord(block);
        return range(subnet, gateway, ip_range);
      }),
    ),
    options: pairs(values['options']),
    labels: pairs(Object.fromEntries(labels.map(({ label, value }) => [String(label), value]))),
  };
}

/** What the engine says of the same. */
export function actualNetworkFacts(network: Docker.NetworkInspectInfo): Facts {
  const { Driver, Internal, Attachable, Ingress, EnableIPv6, IPAM, Options, Labels } = network;
  return {
    driver: Driver,
    internal: String(Internal),
    attachable: String(Attachable),
    ingress: String(Ingress),
    ipv6: String(EnableIPv6),
    addresses: set(
      list(IPAM?.Config).map((block) => {
        const { Subnet, Gateway, IPRange } = asRecord(block);
        return range(Subnet, Gateway, IPRange);
      }),
    ),
    options: pairs(Options),
    labels: pairs(Labels),
  };
}

function range(subnet: unknown, gateway: unknown, joiners: unknown): string {
  return `${text(subnet) ?? ''} by way of ${text(gateway) ?? 'nothing'}, joiners ${text(joiners) ?? 'anywhere'}`;
}
