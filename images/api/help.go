package main

const help = `api serves items and counters over HTTP and keeps them in a Redis that Sentinels fail over.

Usage:
  api [serve]        serve until SIGTERM, then drain
  api healthcheck    exit 0 if the api on this host answers /live, else 1; reads LISTEN_ADDRESS
  api --help

Endpoints:
  GET PUT DELETE  /v1/items/{key}      PUT {"value": <JSON>, "ttlSeconds": <whole number>}; If-Match, If-None-Match: *
  GET POST        /v1/counters/{key}   POST {"by": <whole number>}
  GET             /live /health /metrics
  Idempotency-Key on PUT, DELETE and POST: repeated within 24 h, a write happens once

Settings (environment):
  LISTEN_ADDRESS                 host:port, several with commas    default 0.0.0.0:8080
  REDIS_SENTINELS                host:port, several with commas    required
  REDIS_MASTER_NAME              as the Sentinels know it          required
  REDIS_USERNAME                 user on Redis                     default: Redis' default user
  REDIS_PASSWORD_FILE            file with its password            required with REDIS_USERNAME
  REDIS_SENTINEL_USERNAME        user on the Sentinels             default: their default user
  REDIS_SENTINEL_PASSWORD_FILE   file with its password            required with REDIS_SENTINEL_USERNAME
  REDIS_POOL_SIZE                connections, 1 to 1000            default 20
  REDIS_WAIT_REPLICAS            replicas that confirm a write     default 0, 0 to 16
  REQUEST_BUDGET                 Redis work per request            default 1900ms, 100ms to 1.9s
  MAX_BODY_BYTES                 64 to 16777216                    default 65536
  MAX_KEY_LENGTH                 bytes, 1 to 1024                  default 128
  DRAIN_SECONDS                  1 to 300                          default 10
  LOG_LEVEL                      debug, info, warn or error        default info

Exit codes: 0 stopped or live, 1 failed, 2 wrong arguments or settings.
`
