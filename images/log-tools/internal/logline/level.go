package logline

import "strings"

// levels are the names that loggers use, in lower case. Syslog's alert and crit stay below fatal, as err does: what they report
// did not end the program.
var levels = map[string]string{
	"trace": "debug", "debug": "debug", "verbose": "debug",
	"info": "info", "information": "info", "informational": "info", "notice": "info", "log": "info",
	"warn": "warn", "warning": "warn",
	"err": "error", "error": "error", "severe": "error", "alert": "error", "crit": "error", "critical": "error",
	"fatal": "fatal", "panic": "fatal", "emerg": "fatal", "emergency": "fatal",
	// pino and bunyan
	"10": "debug", "20": "debug", "30": "info", "40": "warn", "50": "error", "60": "fatal",
}

// levelOf returns debug, info, warn, error or fatal; info for what it does not know.
func levelOf(name string) string {
	if level, known := levels[name]; known {
		return level
	}
	name = strings.ToLower(strings.TrimSpace(name))
	if at := strings.IndexAny(name, "+-"); at > 0 { // slog: ERROR+2
		name = name[:at]
	}
	if level, known := levels[name]; known {
		return level
	}
	return "info"
}

// severities are syslog's, by number.
var severities = [8]string{"fatal", "error", "error", "error", "warn", "info", "info", "debug"}
