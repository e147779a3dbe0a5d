import { type Client, secret } from './client.js';

const VERSION = '5.3.0';

export const redisRb: Client = {
  name: 'redis-rb',
  language: 'Ruby',
  version: VERSION,
  install: `gem install redis -v ${VERSION}`,
  // It knows Sentinels, but cannot map the addresses that they name.
  way: 'master port',
  file: 'client.rb',
  code: ({ master, redis }) => `require "redis"

def connect
  Redis.new(
    host: "${master.host}",
    port: ${master.port},
    username: "${redis.username}",
    password: ${secret(redis, '"', (file) => `File.read(${file}).strip`)},
    connect_timeout: 1,
    # A frozen master neither answers nor closes.
    timeout: 2,
    # A command whose connection ended fails: you know whether it may be repeated.
    reconnect_attempts: 0
  )
end
`,
};
