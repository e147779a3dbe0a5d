package logline

import (
	"bytes"
	"strconv"
)

// readHAProxy reads HAProxy's own messages: `[NOTICE]   (1) : text`.
func (r *record) readHAProxy(line []byte) bool {
	if line[0] != '[' {
		return false
	}
	end := bytes.IndexByte(line, ']')
	if end < 0 || end > 10 {
		return false
	}
	level := ""
	switch string(line[1:end]) {
	case "DIAG":
		level = "debug"
	case "NOTICE":
		level = "info"
	case "WARNING":
		level = "warn"
	case "ALERT":
		level = "error"
	default:
		return false
	}
	rest := bytes.TrimLeft(line[end+1:], " ")
	bracket, text, found := bytes.Cut(rest, []byte(") : "))
	if !found || len(bracket) < 2 || bracket[0] != '(' {
		return false
	}
	pid, err := strconv.ParseUint(string(bracket[1:]), 10, 32)
	if err != nil {
		return false
	}
	r.level, r.text = level, text
	r.fields = append(r.fields, field{[]byte("process.pid"), strconv.AppendUint(nil, pid, 10)})
	return true
}

// readPriority reads the `<5>` that HAProxy's `format short` and systemd's programs begin a line with: a syslog severity, or a
// facility x 8 + one. It returns what follows.
func readPriority(line []byte) (level string, rest []byte) {
	if line[0] != '<' {
		return "", line
	}
	end := bytes.IndexByte(line, '>')
	if end < 2 || end > 4 || end == len(line)-1 {
		return "", line
	}
	priority, err := strconv.ParseUint(string(line[1:end]), 10, 8)
	if err != nil || priority > 191 {
		return "", line
	}
	return severities[priority%8], line[end+1:]
}
