import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;

class JedisWriter {
  public static void main(String[] args) throws Exception {
    var client = Client.connect();
    Loop.writeAll(
        args,
        (key, value) -> {
          // Both on one connection, or neither.
          try (Pipeline pipeline = client.pipelined()) {
            Response<String> set = pipeline.set(key, value);
            Response<Long> replicas = pipeline.waitReplicas(1, 300);
            pipeline.sync();
            set.get();
            return replicas.get();
          }
        });
  }
}
