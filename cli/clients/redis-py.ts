import { type Client, lines, secret } from './client.js';

const VERSION = '8.1.0';

export const redisPy: Client = {
  name: 'redis-py',
  language: 'Python',
  version: VERSION,
  install: `pip install redis==${VERSION}`,
  way: 'Sentinels',
  file: 'client.py',
  code: ({ masterName, sentinels, published, redis, sentinel }) => `from pathlib import Path

from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

SENTINELS = [
${lines(sentinels, ({ host, port }) => `    ("${host}", ${port}),`)}
]
# What the Sentinels name, and where this machine reaches it.
PUBLISHED = {
${lines(published, ([inside, { host, port }]) => `    "${inside}": ("${host}", ${port}),`)}
}
CONNECTION = {
    "socket_connect_timeout": 1,
    # A frozen master neither answers nor closes.
    "socket_timeout": 2,
    # A command whose connection ended fails: you know whether it may be repeated.
    "retry": Retry(NoBackoff(), 0),
}


class PublishedSentinel(Sentinel):
    def discover_master(self, service_name):
        host, port = super().discover_master(service_name)
        return PUBLISHED.get(f"{host}:{port}", (host, port))


def connect():
    sentinel = PublishedSentinel(
        SENTINELS,
        sentinel_kwargs={
            "username": "${sentinel.username}",
            "password": ${secret(sentinel, '"', read)},
            **CONNECTION,
        },
    )
    return sentinel.master_for(
        "${masterName}",
        username="${redis.username}",
        password=${secret(redis, '"', read)},
        **CONNECTION,
    )
`,
};

const read = (file: string) => `Path(${file}).read_text().strip()`;
