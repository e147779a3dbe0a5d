import type Docker from 'dockerode';
import { asRecord, list, text, type Values } from '../../policies/judge/values.js';
import { type Fact, set } from './facts.js';

/** E.g. `127.0.0.1:8080 to 18080/tcp`. */
export function declaredPorts(values: Values): Fact {
  return set(
    list(values['ports']).map((port) => {
      const { ip, external, internal, protocol } = asRecord(port);
      return render(ip, external, `${text(internal) ?? ''}/${text(protocol) ?? 'tcp'}`);
    }),
  );
}

/** What the engine was asked to publish. */
export function portBindings(bindings: unknown): Fact {
  return set(
    Object.entries(asRecord(bindings)).flatMap(([inside, bound]) =>
      list(bound).map((one) => render(asRecord(one)['HostIp'], asRecord(one)['HostPort'], inside)),
    ),
  );
}

/** What it has bound; nothing while a container does not run. */
export function boundPorts({ State, HostConfig, NetworkSettings }: Docker.ContainerInspectInfo): Fact {
  return portBindings(State.Running ? NetworkSettings.Ports : HostConfig.PortBindings);
}

function render(address: unknown, hostPort: unknown, inside: string): string {
  return `${text(address) ?? '0.0.0.0'}:${text(hostPort) ?? 'any'} to ${inside}`;
}
