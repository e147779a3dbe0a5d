import sys
import time

from redis.exceptions import RedisError

from client import connect

AT_MOST_S = 60

prefix = sys.argv[1]
client = connect()
end = time.monotonic() + AT_MOST_S
number = 0
while time.monotonic() < end:
    try:
        # Both on one connection, or neither.
        pipeline = client.pipeline(transaction=False)
        pipeline.set(f"{prefix}{number}", number)
        pipeline.wait(1, 300)
        _, replicas = pipeline.execute()
        said = f"confirmed {number}" if replicas >= 1 else f"refused {number} by {replicas} replicas"
    except (RedisError, OSError) as error:
        said = f"refused {number} {error}".split("\n")[0]
    print(said, flush=True)
    number += 1
    time.sleep(0.01)
