package config

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// environment reads settings and collects problems. An empty variable counts as not set.
type environment struct {
	lookup   func(name string) (string, bool)
	problems []Problem
}

func (e *environment) get(name string) string {
	value, _ := e.lookup(name)
	return strings.TrimSpace(value)
}

func (e *environment) refuse(setting, got, allowed, fix string) {
	e.problems = append(e.problems, Problem{setting, got, allowed, fix})
}

func (e *environment) required(name, meaning, example string) string {
	value := e.get(name)
	if value == "" {
		e.refuse(name, "not set", meaning, "Set it, for example "+name+"="+example+".")
	}
	return value
}

// addresses reads a comma-separated list of host:port. Without a default it is required.
func (e *environment) addresses(name, otherwise string) []string {
	const allowed = "a comma-separated list of host:port, ports 1 to 65535"
	text := e.get(name)
	if text == "" {
		text = otherwise
	}
	if text == "" {
		e.refuse(name, "not set", allowed, "Set it, for example "+name+"=10.1.2.3:26379,10.1.2.4:26379.")
		return nil
	}
	var addresses []string
	for _, part := range strings.Split(text, ",") {
		part = strings.TrimSpace(part)
		host, port, err := net.SplitHostPort(part)
		number, portErr := strconv.ParseUint(port, 10, 16)
		if err != nil || portErr != nil || number == 0 || host == "" {
			e.refuse(name, strconv.Quote(part), allowed, "Write an entry like 10.1.2.3:8080, and IPv6 as [fd00::1]:8080.")
			continue
		}
		addresses = append(addresses, part)
	}
	return addresses
}

func (e *environment) number(name string, otherwise, least, most int64) int64 {
	text := e.get(name)
	if text == "" {
		return otherwise
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < least || number > most {
		e.refuse(name, strconv.Quote(text), fmt.Sprintf("a whole number from %d to %d", least, most),
			fmt.Sprintf("Leave it out for %d.", otherwise))
		return otherwise
	}
	return number
}

func (e *environment) duration(name string, otherwise, least, most time.Duration) time.Duration {
	text := e.get(name)
	if text == "" {
		return otherwise
	}
	duration, err := time.ParseDuration(text)
	if err != nil || duration < least || duration > most {
		e.refuse(name, strconv.Quote(text), fmt.Sprintf("a duration from %s to %s, such as 750ms", least, most),
			fmt.Sprintf("Leave it out for %s.", otherwise))
		return otherwise
	}
	return duration
}

func (e *environment) level(name string) slog.Level {
	switch text := e.get(name); text {
	case "debug":
		return slog.LevelDebug
	case "", "info":
		return slog.LevelInfo
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	default:
		e.refuse(name, strconv.Quote(text), "debug, info, warn or error", "Leave it out for info.")
		return slog.LevelInfo
	}
}

// credentials reads a user name and the file that holds the password. No message repeats what a file holds.
func (e *environment) credentials(userName, passwordName string) (user, password string) {
	fileName := passwordName + "_FILE"
	user = e.get(userName)
	if e.get(passwordName) != "" {
		e.refuse(passwordName, "set", "left out, because anybody who may inspect the container sees its variables",
			"Put the password into a file and its path into "+fileName+".")
	}
	path := e.get(fileName)
	if path == "" {
		if user != "" {
			e.refuse(fileName, "not set", "the path of a file with the password of "+userName, "Set it, or leave "+userName+" out too.")
		}
		return user, ""
	}
	content, err := os.ReadFile(path)
	if err != nil {
		e.refuse(fileName, strconv.Quote(path), "the path of a readable file",
			fmt.Sprintf("Reading it failed (%v): check the path, and that uid %d may read it.", err, os.Getuid()))
		return user, ""
	}
	password = strings.TrimSpace(string(content))
	if password == "" || strings.ContainsAny(password, "\r\n") {
		e.refuse(fileName, strconv.Quote(path), "a file with exactly one line, the password", "Write the password into it, and nothing else.")
	}
	return user, password
}
