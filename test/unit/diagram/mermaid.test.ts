import { describe, expect, test } from '@jest/globals';
import { renderMermaid } from '../../../diagram/mermaid.js';
import { LARGE, sketchTopology, turned } from '../../support/topologies.js';

const small = sketchTopology([
  { name: 'proxy', reaches: ['web'], publishes: { http: 8080, 'node-0': 7000, 'node-1': 7001 } },
  { name: 'web', instances: 2, endpoints: { web: 80 }, volumes: { data: '/data' } },
]);

test('services, instances, endpoints, allowed edges, published ports and volumes are all drawn', () => {
  expect(renderMermaid(small)).toBe(
    [
      'flowchart TB',
      '  host(["clients on 127.0.0.1"])',
      '  s_proxy["<b>proxy</b><br/>proxy-0"]',
      '  s_web["<b>web</b><br/>web-0, web-1<br/>web :80"]',
      '  s_web_v0[("2 volumes /data")]',
      '  host -->|"7000-7001 node<br/>8080 http"| s_proxy',
      '  s_proxy -->|":80"| s_web',
      '  s_web --- s_web_v0',
      '',
    ].join('\n'),
  );
});

test('marks colour services and say so in words, and edges follow what came or went', () => {
  const marked = renderMermaid(small, { marks: new Map([['web', 'removed']] as const) });
  expect(marked).toContain('s_web["<b>web</b> (removed)<br/>web-0, web-1<br/>web :80"]:::removed');
  expect(marked).toMatch(/classDef removed fill:.*stroke-dasharray/);
  expect([...marked.matchAll(/linkStyle (\d+) stroke:#cf222e/g)].map(([, index]) => index)).toEqual(['1', '2']);
  expect(marked).not.toContain('classDef added');
});

test('a changed service does not make its edges look changed', () => {
  const marked = renderMermaid(small, { marks: new Map([['web', 'changed']] as const) });
  expect(marked).toContain(':::changed');
  expect(marked).not.toContain('linkStyle');
});

test('the order of lists in the topology does not matter', () => {
  const large = sketchTopology(LARGE);
  expect(renderMermaid(turned(large))).toBe(renderMermaid(large));
});

test('what listens on all addresses is reached by a dotted line', () => {
  const reach = { ...small, allowed: small.allowed.map((edge) => ({ ...edge, because: 'listens on all' as const })) };
  expect(renderMermaid(reach)).toContain('s_proxy -.->|":80"| s_web');
});

describe('with a log stack', () => {
  const lines = renderMermaid(sketchTopology(LARGE)).split('\n');

  test('the log volumes of all services are one heap that the shipper reads', () => {
    expect(lines).toContain('  shared_v0[("9 volumes /var/log/app")]');
    expect(lines).toContain('  shared_v0 -->|"reads"| s_filebeat');
    expect(lines.filter((line) => line.endsWith('--- shared_v0'))).toHaveLength(4);
  });

  test('it stays readable: one box a service, one line for each pair', () => {
    expect(lines.filter((line) => /^ {2}s_\w+\["/.test(line))).toHaveLength(12);
    expect(lines.filter((line) => line.includes('-->')).length).toBeLessThan(25);
  });
});

test('names that mean something to Mermaid or to HTML do no harm', () => {
  const odd = renderMermaid(sketchTopology([{ name: 'end' }, { name: 'a--b"<i>' }]));
  expect(odd).toContain('s_end["<b>end</b>');
  expect(odd).toContain('s_a__b_34__60_i_62_["<b>a--b#34;#60;i#62;</b>');
});
