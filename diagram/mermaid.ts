import type { Topology } from '../constructs/core/topology.js';
import {
  counted,
  type DiagramOptions,
  type Entry,
  type Graph,
  graphOf,
  type Mark,
  rangeOf,
  type ServiceNode,
} from './graph.js';

/** Readable on a light and on a dark page, whatever theme Mermaid has there. */
const MARKS: Readonly<Record<Mark, { readonly box: string; readonly line: string }>> = {
  added: { box: 'fill:#d4f4dd,stroke:#1a7f37,stroke-width:2px,color:#0b3d1c', line: 'stroke:#1a7f37,stroke-width:2px' },
  removed: {
    box: 'fill:#ffdcd9,stroke:#cf222e,stroke-width:2px,stroke-dasharray:5 4,color:#6e0b13',
    line: 'stroke:#cf222e,stroke-width:2px,stroke-dasharray:5 4',
  },
  changed: { box: 'fill:#fff1c2,stroke:#9a6700,stroke-width:2px,color:#4d3400', line: '' },
};

/**
 * A topology as a Mermaid flowchart: services with their instances and endpoints, allowed connections with ports,
 * published ports and volumes. The same topology always gives the same text, whatever the order of its lists.
 * @param options what to mark, by service name; removed services have to be part of the topology
 */
export function renderMermaid(topology: Topology, options: DiagramOptions = {}): string {
  const graph = graphOf(topology, options);
  const edges = edgesOf(graph);
  const styles = edges.flatMap(({ mark }, index) => {
    const line = mark && MARKS[mark].line;
    return line ? [`linkStyle ${index} ${line}`] : [];
  });
  const used = new Set(graph.services.flatMap(({ mark }) => mark ?? []));
  const lines = [
    ...(graph.entries.length > 0 ? [`host(["clients on ${text(graph.address)}"])`] : []),
    ...graph.services.map((service) => `${idOf(service.name)}["${labelOf(service)}"]${classOf(service.mark)}`),
    ...graph.services.flatMap((service) =>
      service.volumes.map(
        ({ path, count }, index) =>
          `${idOf(service.name)}_v${index}[("${text(`${counted(count, 'volume')} ${path}`)}")]`,
      ),
    ),
    ...graph.shared.map(
      ({ paths, count }, index) => `shared_v${index}[("${text(`${counted(count, 'volume')} ${paths.join(', ')}`)}")]`,
    ),
    ...edges.map(({ line }) => line),
    ...[...used].sort().map((mark) => `classDef ${mark} ${MARKS[mark].box}`),
    ...styles,
  ];
  return ['flowchart TB', ...lines.map((line) => `  ${line}`), ''].join('\n');
}

interface Edge {
  readonly line: string;
  readonly mark: Mark | undefined;
}

function edgesOf({ services, shared, entries, links }: Graph): Edge[] {
  const marks = new Map(services.map(({ name, mark }) => [name, mark]));
  // An edge is new, or gone, with either of its ends; what changed in a service need not be the edge.
  const markOf = (...ends: readonly string[]): Mark | undefined =>
    (['removed', 'added'] as const).find((mark) => ends.some((end) => marks.get(end) === mark));
  return [
    ...entries.map((entry) => ({
      line: `host -->|"${portsOf(entry)}"| ${idOf(entry.service)}`,
      mark: markOf(entry.service),
    })),
    ...links.map(({ from, to, ports, because, access }) => ({
      line: `${idOf(from)} ${because === 'declared' ? '-->' : '-.->'}|"${[...ports.map((port) => `:${port}`), ...(access === null ? [] : [text(access)])].join('<br/>')}"| ${idOf(to)}`,
      mark: markOf(from, to),
    })),
    ...services.flatMap(({ name, volumes }) =>
      volumes.map((_, index) => ({ line: `${idOf(name)} --- ${idOf(name)}_v${index}`, mark: markOf(name) })),
    ),
    ...shared.flatMap(({ writers, readers }, index) => [
      ...writers.map((name) => ({ line: `${idOf(name)} --- shared_v${index}`, mark: markOf(name) })),
      ...readers.map((name) => ({ line: `shared_v${index} -->|"reads"| ${idOf(name)}`, mark: markOf(name) })),
    ]),
  ];
}

function labelOf({ name, mark, instances, endpoints }: ServiceNode): string {
  const listens = endpoints.map((endpoint) => text(`${endpoint.name} :${endpoint.port}`));
  const title = mark === undefined ? `<b>${text(name)}</b>` : `<b>${text(name)}</b> (${mark})`;
  return [title, text(instances.length > 3 ? rangeOf(instances) : instances.join(', ')), ...listens].join('<br/>');
}

function portsOf({ ports }: Entry): string {
  return ports
    .map(({ name, first, last }) => text(first === last ? `${first} ${name}` : `${first}-${last} ${name}`))
    .join('<br/>');
}

/** Words such as `end` mean something to Mermaid, and so do dashes. */
function idOf(service: string): string {
  return `s_${service.replaceAll(/[^a-zA-Z0-9]/g, (other) => (other === '-' ? '_' : `_${other.charCodeAt(0)}_`))}`;
}

function classOf(mark: Mark | undefined): string {
  return mark === undefined ? '' : `:::${mark}`;
}

/** Text inside of quotes; Mermaid writes entities with `#`. */
function text(plain: string): string {
  return plain.replaceAll(/[#"<>&]/g, (one) => `#${one.charCodeAt(0)};`);
}
