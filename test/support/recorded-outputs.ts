import type { Output } from '../../constructs/core/output.js';

const redis = (
  id: string,
  what: string,
  port: number,
  role: 'master' | 'replica' | 'sentinel',
  inside: string,
): Output => ({
  id,
  what,
  url: `redis://127.0.0.1:${port}`,
  user: 'app',
  secret: role === 'sentinel' ? 'redis-sentinel-app' : 'redis-app',
  settings: { role, masterName: 'platform', inside: [inside] },
});
const reader = { user: 'reader', secret: 'logs-reader' };
/** What the constructs of a small platform with an own service say of it, as Terraform records it. */
export const recordedOutputs: readonly Output[] = [
  {
    id: 'elasticsearch',
    what: 'Logs: `npm run logs`',
    url: 'http://127.0.0.1:9200',
    ...reader,
    settings: { role: 'log store', flavour: 'elastic', indexPattern: 'platform-logs-*' },
  },
  { id: 'http:py', what: 'py', url: 'http://127.0.0.1:8080/py/' },
  { id: 'http', what: 'HTTP API', url: 'http://127.0.0.1:8080', settings: { role: 'api' } },
  { id: 'kibana', what: 'Kibana', url: 'http://127.0.0.1:5601', ...reader, settings: { role: 'log ui' } },
  redis('redis-master', 'Redis master', 6379, 'master', '10.213.0.130:6379'),
  redis('redis-replicas', 'Redis replicas', 6380, 'replica', '10.213.0.130:6379'),
  redis('sentinel-0', 'Sentinel of "platform"', 26_379, 'sentinel', '10.213.1.2:26379'),
  redis('sentinel-1', 'Sentinel of "platform"', 26_380, 'sentinel', '10.213.1.3:26379'),
  {
    id: 'stats',
    what: 'Statistics page',
    url: 'http://127.0.0.1:8404/',
    user: 'admin',
    secret: 'proxy-stats',
    settings: { role: 'statistics' },
  },
];
