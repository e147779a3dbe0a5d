package logline

import (
	"bytes"
	"strconv"
	"time"
)

// redisRoles are the letters in a line of Redis (server.c, serverLogRaw).
var redisRoles = map[byte]string{'M': `"master"`, 'S': `"replica"`, 'X': `"sentinel"`, 'C': `"child"`}

var redisLevels = map[byte]string{'.': "debug", '-': "debug", '*': "info", '#': "warn"}

const redisTime = "02 Jan 2006 15:04:05.000"

// readRedis reads `PID:ROLE DD Mon YYYY HH:MM:SS.mmm LEVEL message`.
func (r *record) readRedis(line []byte) bool {
	colon := bytes.IndexByte(line, ':')
	if colon < 1 || colon > 10 || len(line) < colon+len(":M ")+len(redisTime)+len(" *") {
		return false
	}
	pid, err := strconv.ParseUint(string(line[:colon]), 10, 32)
	role := redisRoles[line[colon+1]]
	if err != nil || role == "" || line[colon+2] != ' ' {
		return false
	}
	rest := line[colon+3:]
	at, err := time.Parse(redisTime, string(rest[:len(redisTime)]))
	rest = rest[len(redisTime):]
	level := redisLevels[rest[1]]
	if err != nil || rest[0] != ' ' || level == "" || len(rest) > 2 && rest[2] != ' ' {
		return false
	}
	r.at, r.level, r.text = at, level, bytes.TrimPrefix(rest[2:], []byte(" "))
	r.fields = append(r.fields,
		field{[]byte("process.pid"), strconv.AppendUint(nil, pid, 10)},
		field{[]byte("redis.role"), []byte(role)})
	return true
}
