// Command redis-node is what a Redis or Sentinel container runs. README.md says what it does.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/redis/go-redis/v9"
)

const usage = `usage: redis-node node              run redis-server under supervision
       redis-node sentinel          run redis-sentinel
       redis-node health node|sentinel
                                    exit 0 if the server in this container answers
       redis-node promote [--accept-data-loss]
                                    let the Sentinels elect this replica although it has not synced`

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	redis.SetLogger(noLog{}) // its errors are returned too
	slog.SetDefault(newLogger(os.Stderr))
	env, err := LoadEnvironment(os.LookupEnv)
	if err != nil {
		slog.Error("the environment cannot be used", logAction, actionEnd, logError, err.Error())
		return 2
	}
	command := ""
	if len(args) > 0 {
		command = args[0]
	}
	switch {
	case len(args) == 1 && command == "node":
		return logged(RunNode(env))
	case len(args) == 1 && command == "sentinel":
		return logged(RunSentinel(env))
	case len(args) == 2 && command == "health" && (args[1] == "node" || args[1] == "sentinel"):
		return printed(CheckHealth(env, args[1]))
	case len(args) == 1 && command == "promote":
		return printed(Promote(env, false, os.Stdout))
	case len(args) == 2 && command == "promote" && args[1] == "--accept-data-loss":
		return printed(Promote(env, true, os.Stdout))
	}
	fmt.Fprintln(os.Stderr, usage)
	return 2
}

func logged(err error) int {
	if err != nil {
		slog.Error("redis-node ends", logAction, actionEnd, logError, err.Error())
		return 1
	}
	return 0
}

func printed(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, "redis-node:", err)
		return 1
	}
	return 0
}

type noLog struct{}

func (noLog) Printf(context.Context, string, ...any) {}
