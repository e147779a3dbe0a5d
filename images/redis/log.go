package main

import (
	"io"
	"log/slog"
	"strings"
)

// Names of the fields of a log line, besides those of the Elastic Common Schema: redis.role (master or replica) and redis.master (an
// address) say what the node is or is to be, event.action what happened.
const (
	logAction   = "event.action"
	logReason   = "event.reason"
	logDuration = "event.duration" // nanoseconds
	logError    = "error.message"
	logRole     = "redis.role"
	logMaster   = "redis.master"
	logFix      = "redis.fix"
)

// The values of event.action; README.md lists them.
const (
	actionStart         = "start-up-decision"
	actionRole          = "role-change"
	actionLink          = "link-change" // between replica and master
	actionPriority      = "priority-change"
	actionFailover      = "failover-requested"
	actionLeft          = "failover-left-to-sentinels"
	actionHandOver      = "hand-over"
	actionOusted        = "ousted"
	actionServerEnded   = "server-ended"
	actionNotElectable  = "not-electable"
	actionStray         = "stray"
	actionLeaseAwaited  = "lease-awaited" // a master that has none, so it refuses writes
	actionLeaseGranted  = "lease-granted"
	actionLeaseEnded    = "lease-ended"
	actionSentinelStart = "sentinel-start"
	actionForgotten     = "sentinels-forgot"
	actionBackup        = "backup-taken"
	actionNoBackup      = "backup-failed"
	actionDamage        = "damaged-files"
	actionBlocked       = "blocked"
	actionEnd           = "end"
)

// newLogger writes JSON lines with the names of the Elastic Common Schema; texts that are empty are left out.
func newLogger(to io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(to, &slog.HandlerOptions{ReplaceAttr: func(_ []string, attribute slog.Attr) slog.Attr {
		switch {
		case attribute.Key == slog.TimeKey:
			return slog.Time("@timestamp", attribute.Value.Time().UTC())
		case attribute.Key == slog.LevelKey:
			return slog.String("log.level", strings.ToLower(attribute.Value.String()))
		case attribute.Key == slog.MessageKey:
			attribute.Key = "message"
		case attribute.Value.Kind() == slog.KindString && attribute.Value.String() == "":
			return slog.Attr{}
		}
		return attribute
	}}))
}

// roleOf names a role as the lines do. Redis says slave.
func roleOf(info Info) string {
	if info.Role == "slave" {
		return "replica"
	}
	return info.Role
}

// masterOf is the address that the node follows, or its own.
func masterOf(self string, info Info) string {
	if info.Role == "master" {
		return self
	}
	return info.MasterHost
}

func describeRole(info Info) string {
	switch {
	case info.Role == "master":
		return "this node is master"
	case info.LinkUp:
		return "this node is a replica, in touch with its master"
	default:
		return "this node is a replica, without a link to its master"
	}
}

func roleToBe(decision Decision) string {
	switch decision.Action {
	case StartAsMaster:
		return "master"
	case StartAsReplica:
		return "replica"
	default:
		return ""
	}
}

func masterToBe(self string, decision Decision) string {
	if decision.Action == StartAsMaster {
		return self
	}
	return decision.Master
}
