import type { ELK, ElkExtendedEdge, ElkNode, ElkPort } from 'elkjs/lib/elk-api.js';
import { type Box, CHIP_HEIGHT, heapBox, hostBox, serviceBox, widthOf } from './box.js';
import type { Graph } from './graph.js';

/** A picture whose parts have places. Lengths are whole pixels. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly (Box & { readonly x: number; readonly y: number })[];
  /** Where connections come in: the port's number, on the border of its box. */
  readonly pills: readonly Pill[];
  readonly wires: readonly Wire[];
}

export interface Pill {
  readonly box: Box;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly text: string;
}

export type WireKind = 'entry' | 'declared' | 'implied' | 'volume';

export interface Wire {
  readonly kind: WireKind;
  readonly points: readonly Point[];
  readonly arrowAtStart: boolean;
  readonly arrowAtEnd: boolean;
  /** Where wires with a common end meet. */
  readonly junctions: readonly Point[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What connects two boxes. */
interface Connection {
  readonly from: string;
  readonly to: string;
  readonly kind: WireKind;
  /** The number on the pill where it ends; without one it ends at the border. */
  readonly port?: number;
  readonly arrow: boolean;
}

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.randomSeed': '1',
  'elk.padding': '[top=0,left=0,bottom=0,right=0]',
  'elk.spacing.nodeNode': '48',
  'elk.spacing.edgeNode': '24',
  'elk.spacing.edgeEdge': '14',
  'elk.spacing.portPort': '18',
  'elk.layered.spacing.nodeNodeBetweenLayers': '56',
  'elk.layered.spacing.edgeNodeBetweenLayers': '22',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '12',
  'elk.layered.thoroughness': '60',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.nodePlacement.favorStraightEdges': 'true',
};

/** Places boxes and wires, from the host at the top to what nothing leads on from at the bottom. Equal on every machine. */
export async function layOut(graph: Graph): Promise<Layout> {
  const boxes = boxesOf(graph);
  const connections = connectionsOf(graph);
  const elkGraph = new ElkGraph(boxes, connections, ranksOf([...boxes.keys()], connections));
  // Large, and needed by no other command.
  const { default: Elk } = (await import('elkjs/lib/elk.bundled.js')) as unknown as { default: new () => ELK };
  const placed = await new Elk().layout(elkGraph.root);
  return elkGraph.read(placed);
}

const HOST = 'host';
const serviceId = (name: string) => `service ${name}`;
const heapId = (index: number) => `heap ${index}`;

function boxesOf({ address, entries, services, shared }: Graph): Map<string, Box> {
  const publishing = new Set(entries.map(({ service }) => service));
  return new Map([
    ...(entries.length > 0 ? [[HOST, hostBox(address, entries)] as const] : []),
    ...services.map((service) => [serviceId(service.name), serviceBox(service, publishing.has(service.name))] as const),
    ...shared.map((volumes, index) => [heapId(index), heapBox(volumes)] as const),
  ]);
}

function connectionsOf({ entries, links, shared }: Graph): Connection[] {
  return [
    ...entries.map(({ service }) => ({ from: HOST, to: serviceId(service), kind: 'entry' as const, arrow: true })),
    ...links.flatMap(({ from, to, ports, because }) =>
      ports.map((port) => ({
        from: serviceId(from),
        to: serviceId(to),
        kind: because === 'declared' ? ('declared' as const) : ('implied' as const),
        port,
        arrow: true,
      })),
    ),
    ...shared.flatMap(({ writers, readers }, index) => [
      ...writers.map((name) => ({ from: serviceId(name), to: heapId(index), kind: 'volume' as const, arrow: false })),
      ...readers.map((name) => ({ from: heapId(index), to: serviceId(name), kind: 'volume' as const, arrow: true })),
    ]),
  ];
}

/**
 * A number for each box so that as few connections as possible lead to a lower one: against the direction lead only
 * those that close a circle, seen from where requests come in.
 */
function ranksOf(ids: readonly string[], connections: readonly Connection[]): Map<string, number> {
  const finished: string[] = [];
  const seen = new Set<string>();
  const visit = (id: string): void => {
    if (seen.has(id)) return;
    seen.add(id);
    for (const { from, to } of connections) if (from === id) visit(to);
    finished.push(id);
  };
  const reached = new Set(connections.map(({ to }) => to));
  for (const id of [...ids.filter((id) => !reached.has(id)), ...ids]) visit(id);
  return new Map(finished.toReversed().map((id, rank) => [id, rank]));
}

type Side = 'NORTH' | 'SOUTH';

/** The picture in ELK's words. */
class ElkGraph {
  readonly root: ElkNode;
  private readonly ports = new Map<string, { readonly box: string; readonly port: ElkPort }>();
  private readonly edges: ElkExtendedEdge[] = [];
  private readonly wires = new Map<string, Omit<Wire, 'points' | 'junctions'>>();

  constructor(
    private readonly boxes: ReadonlyMap<string, Box>,
    connections: readonly Connection[],
    ranks: ReadonlyMap<string, number>,
  ) {
    const leadsDown = ({ from, to }: Connection) => (ranks.get(from) ?? 0) < (ranks.get(to) ?? 0);
    const up = connections.filter((connection) => !leadsDown(connection));
    for (const down of connections.filter(leadsDown)) {
      const back = up.findIndex(({ from, to, kind }) => from === down.to && to === down.from && kind === down.kind);
      // There and back between the same two is one wire with two arrows.
      this.connect(down, back < 0 ? undefined : up.splice(back, 1)[0]);
    }
    for (const connection of up) this.connect(undefined, connection);
    this.root = { id: 'root', layoutOptions: OPTIONS, children: this.nodes(), edges: this.edges };
  }

  read(placed: ElkNode): Layout {
    const places = new Map((placed.children ?? []).map((node) => [node.id, node]));
    const boxes = [...this.boxes].map(([id, box]) => {
      const { x = 0, y = 0, width = box.width } = places.get(id) ?? {};
      return { ...box, x: Math.round(x), y: Math.round(y), width: Math.round(width) };
    });
    const order = [...this.boxes.keys()];
    const pills = [...places].flatMap(([id, node]) =>
      (node.ports ?? []).flatMap(({ x = 0, y = 0, width = 0, labels }): Pill[] => {
        const box = boxes[order.indexOf(id)];
        const text = labels?.[0]?.text;
        if (box === undefined || text === undefined) return [];
        return [{ box, text, width, x: Math.round((node.x ?? 0) + x), y: Math.round((node.y ?? 0) + y) }];
      }),
    );
    const wires = (placed.edges ?? []).flatMap((edge) => {
      const wire = this.wires.get(edge.id);
      const section = edge.sections?.[0];
      if (wire === undefined || section === undefined) return [];
      const points = [section.startPoint, ...(section.bendPoints ?? []), section.endPoint].map(rounded);
      return [{ ...wire, points, junctions: (edge.junctionPoints ?? []).map(rounded) }];
    });
    return { width: Math.ceil(placed.width ?? 0), height: Math.ceil(placed.height ?? 0), boxes, pills, wires };
  }

  /** @param down from the upper to the lower box, @param back the other way */
  private connect(down: Connection | undefined, back: Connection | undefined): void {
    const one = down ?? back;
    if (one === undefined) return;
    const [upper, lower] = down === undefined ? [one.to, one.from] : [one.from, one.to];
    const id = `wire ${this.edges.length}`;
    this.edges.push({
      id,
      sources: [this.port(upper, 'SOUTH', id, back, down !== undefined)],
      targets: [this.port(lower, 'NORTH', id, down, back !== undefined)],
      ...(down && back && { layoutOptions: { 'elk.layered.priority.straightness': '10' } }),
    });
    this.wires.set(id, { kind: one.kind, arrowAtStart: back?.arrow ?? false, arrowAtEnd: down?.arrow ?? false });
  }

  /**
   * Connections that come in at the same port and side share its pill; one that goes out has a place of its own, and so
   * does one that leads both ways: joined with others, it would lead these back as well.
   */
  private port(box: string, side: Side, wire: string, incoming: Connection | undefined, bothWays: boolean): string {
    const shared = incoming !== undefined && incoming.kind !== 'entry' && !bothWays;
    const id = shared ? `${box} ${side} ${incoming.port ?? incoming.kind}` : `${box} ${side} ${wire}`;
    const text = incoming?.port === undefined ? undefined : `:${incoming.port}`;
    if (!this.ports.has(id)) {
      const layoutOptions = { 'elk.port.side': side };
      const port =
        text === undefined
          ? { id, layoutOptions, width: 0, height: 0 }
          : {
              id,
              layoutOptions: { ...layoutOptions, 'elk.port.borderOffset': String(-PILL_HEIGHT / 2) },
              width: widthOf(text, 'port') + 14,
              height: PILL_HEIGHT,
              labels: [{ text }],
            };
      this.ports.set(id, { box, port });
    }
    return id;
  }

  private nodes(): ElkNode[] {
    return [...this.boxes].map(([id, { width, height }]) => ({
      id,
      width,
      height,
      ports: [...this.ports.values()].filter(({ box }) => box === id).map(({ port }) => port),
      layoutOptions: {
        'elk.portConstraints': 'FIXED_SIDE',
        'elk.portAlignment.default': 'CENTER',
        'elk.portLabels.placement': 'INSIDE',
        'elk.nodeSize.constraints': '[PORTS, MINIMUM_SIZE]',
        'elk.nodeSize.minimum': `(${width},${height})`,
      },
    }));
  }
}

export const PILL_HEIGHT = CHIP_HEIGHT - 4;

/** Both ends of a straight piece are rounded alike, so it stays straight. */
function rounded({ x, y }: Point): Point {
  return { x: Math.round(x), y: Math.round(y) };
}
