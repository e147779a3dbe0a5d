import { type Client, lines, secret } from './client.js';

const VERSION = '9.22.0';

export const goRedis: Client = {
  name: 'go-redis',
  language: 'Go',
  version: VERSION,
  install: `go get github.com/redis/go-redis/v9@v${VERSION}`,
  way: 'Sentinels',
  file: 'client.go',
  code: (to) => `package main

import (
	"context"
	"net"
${[to.redis, to.sentinel].some(({ password }) => password === null) ? '\t"os"\n\t"strings"\n' : ''}	"time"

	"github.com/redis/go-redis/v9"
)

// What the Sentinels name, and where this machine reaches it.
var published = map[string]string{
${lines(to.published, ([inside, { host, port }]) => `\t"${inside}": "${host}:${port}",`)}
}

func connect() *redis.Client {
	return redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: "${to.masterName}",
		SentinelAddrs: []string{
${lines(to.sentinels, ({ host, port }) => `\t\t\t"${host}:${port}",`)}
		},
		Username:         "${to.redis.username}",
		Password:         ${secret(to.redis, '"', read)},
		SentinelUsername: "${to.sentinel.username}",
		SentinelPassword: ${secret(to.sentinel, '"', read)},
		Dialer: func(ctx context.Context, network, address string) (net.Conn, error) {
			if at, ok := published[address]; ok {
				address = at
			}
			return (&net.Dialer{Timeout: time.Second}).DialContext(ctx, network, address)
		},
		DialTimeout:   time.Second,
		DialerRetries: 1,
		// A frozen master neither answers nor closes.
		ReadTimeout: 2 * time.Second,
		// A command whose connection ended fails: you know whether it may be repeated.
		MaxRetries: -1,
	})
}
${
  [to.redis, to.sentinel].some(({ password }) => password === null)
    ? `
func password(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(text))
}
`
    : ''
}`,
};

const read = (file: string) => `password(${file})`;
