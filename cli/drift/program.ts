import { programResources, type Resource } from '../../policies/judge/resources.js';
import { asRecord, list, text, type Values } from '../../policies/judge/values.js';

/** A container or network that the program declares. */
export interface Declared {
  /** As Terraform takes it, e.g. `docker_container.redis-node-0`. */
  readonly address: string;
  /** On the engine. */
  readonly name: string;
  /** Attributes in the provider's words, without what Terraform has yet to work out. */
  readonly values: Values;
}

/** A network that a container is declared to be a member of. */
export interface DeclaredMembership {
  /** On the engine. */
  readonly network: string;
  /** Undefined where the engine chooses. */
  readonly address: string | undefined;
  readonly aliases: readonly string[];
}

/** What Terraform is given, whatever made it: constructs, overrides or aspects. */
export interface Program {
  readonly containers: readonly Declared[];
  readonly networks: readonly Declared[];
}

/** @param json cdk.tf.json, parsed */
export function readProgram(json: unknown): Program {
  const resources = programResources(json);
  const of = (type: string) => resources.filter((resource) => resource.type === type).map(declared);
  return { containers: of('docker_container'), networks: of('docker_network') };
}

function declared({ type, id, values }: Resource): Declared {
  return { address: `${type}.${id}`, name: text(values['name']) ?? '', values };
}

export function membershipsOf({ networks }: Program, { values }: Declared): DeclaredMembership[] {
  return list(values['networks_advanced']).map((block) => {
    const { name, ipv4_address: address, aliases } = asRecord(block);
    const referred = networks.find((network) => name === `\${${network.address}.name}`);
    return {
      network: referred?.name ?? String(name),
      address: text(address),
      aliases: list(aliases).map(String),
    };
  });
}

/** The container whose volumes are mounted: `${docker_container.redis-node-seeder.id}:ro`. */
export function volumesFrom({ containers }: Program, from: string): VolumesFrom | undefined {
  for (const source of containers) {
    for (const attribute of ['id', 'name']) {
      if (from.startsWith(`\${${source.address}.${attribute}}`))
        return { source, readOnly: from.endsWith(':ro'), exactly: attribute === 'id' };
    }
  }
  return undefined;
}

export interface VolumesFrom {
  readonly source: Declared;
  readonly readOnly: boolean;
  /** Whether it has to be the source's volume of now: who refers to a name keeps the volume of an earlier container, and files in it are brought up to date. */
  readonly exactly: boolean;
}
