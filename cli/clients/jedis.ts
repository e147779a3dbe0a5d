import { type Client, secret } from './client.js';

const VERSION = '8.0.2';

export const jedis: Client = {
  name: 'jedis',
  language: 'Java',
  version: VERSION,
  install: `Maven: redis.clients:jedis:${VERSION}`,
  way: 'Sentinels',
  file: 'Client.java',
  code: ({ masterName, sentinels, published, redis, sentinel }) => `import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.RedisSentinelClient;

class Client {
  /** What the Sentinels name, and where this machine reaches it. */
  static final Map<String, HostAndPort> PUBLISHED =
      Map.ofEntries(
${published
  .map(([inside, { host, port }]) => `          Map.entry("${inside}", new HostAndPort("${host}", ${port}))`)
  .join(',\n')});

  static RedisSentinelClient connect() throws IOException {
    return RedisSentinelClient.builder()
        .masterName("${masterName}")
        .sentinels(
            Set.of(
${sentinels.map(({ host, port }) => `                new HostAndPort("${host}", ${port})`).join(',\n')}))
        .clientConfig(
            config().user("${redis.username}").password(${secret(redis, '"', read)}).build())
        .sentinelClientConfig(
            config().user("${sentinel.username}").password(${secret(sentinel, '"', read)}).build())
        .build();
  }

  private static DefaultJedisClientConfig.Builder config() {
    return DefaultJedisClientConfig.builder()
        .hostAndPortMapper(inside -> PUBLISHED.getOrDefault(inside.toString(), inside))
        .connectionTimeoutMillis(1000)
        // A frozen master neither answers nor closes.
        .socketTimeoutMillis(2000);
  }
}
`,
};

const read = (file: string) => `Files.readString(Path.of(${file})).trim()`;
