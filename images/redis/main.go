// Command redis-node is what a Redis or Sentinel container runs. README.md says what it does.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/redis/go-redis/v9"
)

const usage = `usage: redis-node node              run redis-server under supervision
       redis-node sentinel          run redis-sentinel
       redis-node backup            take backups on schedule
       redis-node backups           print those that are kept, as JSON
       redis-node health backup     exit 0 if the newest backup is as new as it should be
       redis-node health node|sentinel
                                    exit 0 if the server in this container answers; 3 if it
                                    waits for an operator
       redis-node passwords node|sentinel
                                    give users other passwords, which standard input says as JSON
       redis-node promote [--accept-data-loss]
                                    let the Sentinels elect this replica although it has not synced`

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	redis.SetLogger(noLog{}) // its errors are returned too
	slog.SetDefault(newLogger(os.Stderr))
	if done, code := runBackup(args); done {
		return code
	}
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
	case len(args) == 2 && command == "passwords" && (args[1] == "node" || args[1] == "sentinel"):
		return printed(ChangePasswords(env, args[1], os.Stdin))
	case len(args) == 1 && command == "promote":
		return printed(Promote(env, false, os.Stdout))
	case len(args) == 2 && command == "promote" && args[1] == "--accept-data-loss":
		return printed(Promote(env, true, os.Stdout))
	}
	fmt.Fprintln(os.Stderr, usage)
	return 2
}

// runBackup is for the container of scheduled backups, which is no node.
func runBackup(args []string) (done bool, code int) {
	env := LoadBackupEnvironment(os.LookupEnv)
	switch strings.Join(args, " ") {
	case "backup":
		return true, logged(RunBackups(env))
	case "backups":
		return true, printed(ListBackups(env, os.Stdout))
	case "health backup":
		return true, printed(CheckBackups(env, os.Stdout))
	}
	return false, 0
}

func logged(err error) int {
	if err != nil {
		slog.Error("redis-node ends", logAction, actionEnd, logError, err.Error())
		return 1
	}
	return 0
}

func printed(err error) int {
	var blocked Blocked
	switch {
	case errors.As(err, &blocked):
		fmt.Fprint(os.Stderr, blocked.sentence)
		return blockedExit
	case err != nil:
		fmt.Fprintln(os.Stderr, "redis-node:", err)
		return 1
	}
	return 0
}

type noLog struct{}

func (noLog) Printf(context.Context, string, ...any) {}
