import type { Topology } from '../constructs/core/topology.js';

/** The topology as a Mermaid flowchart. Keys of `marks` are service names. */
export function renderMermaid(
  topology: Topology,
  options: { readonly marks?: ReadonlyMap<string, 'added' | 'removed' | 'changed'> } = {},
): string {
  const owners = new Map(topology.services.flatMap(({ name, endpoints }) => endpoints.map((end) => [end.name, name])));
  const id = (name: string) => name.replaceAll('-', '_');
  const lines = ['flowchart LR', '  host([host])'];
  for (const { name, instances } of topology.services) lines.push(`  ${id(name)}["${name} x${instances.length}"]`);
  for (const service of new Set(topology.published.map((port) => port.service)))
    lines.push(`  host --> ${id(service)}`);
  for (const { from, to, port, because } of topology.allowed) {
    const owner = owners.get(to);
    if (because !== 'same service' && owner !== undefined) lines.push(`  ${id(from)} -- "${port}" --> ${id(owner)}`);
  }
  for (const [name, mark] of options.marks ?? []) lines.push(`  class ${id(name)} ${mark}`);
  lines.push('  classDef added stroke:#1a7f37,stroke-width:3px');
  lines.push('  classDef removed stroke:#cf222e,stroke-width:3px,stroke-dasharray:5');
  lines.push('  classDef changed stroke:#bf8700,stroke-width:3px');
  return `${lines.join('\n')}\n`;
}
