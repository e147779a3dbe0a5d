package logline

import (
	"bytes"
	"encoding/json"
	"time"
)

// record is what a line says.
type record struct {
	at      time.Time // zero: it does not say
	level   string    // empty: it does not say
	text    []byte    // the message, unless quoted is there
	quoted  []byte    // the message as a JSON string
	fields  []field
	flatten object
}

// read takes the line apart; it must be valid UTF-8 and not empty.
func (r *record) read(line []byte) {
	*r = record{fields: r.fields[:0], flatten: r.flatten}
	priority, line := readPriority(line)
	r.text = line
	_ = r.readJSON(line) || r.readRedis(line) || r.readHAProxy(line)
	if r.level == "" {
		r.level = priority
	}
}

// readJSON reads a JSON object. Where it cannot become fields, the message is the line as it is.
func (r *record) readJSON(line []byte) bool {
	trimmed := bytes.TrimLeft(line, " \t")
	if len(trimmed) == 0 || trimmed[0] != '{' || !json.Valid(trimmed) {
		return false
	}
	o := &r.flatten
	o.read(trimmed)
	fromHAProxy := r.readHAProxyJSON(o)
	o.rename()
	if at := o.take("@timestamp"); at != nil {
		var ok bool
		if r.at, ok = parseTime(at); !ok {
			o.take(saidTime)
			o.fields = append(o.fields, field{[]byte(saidTime), at})
		}
	}
	if level := o.take("log.level"); level != nil {
		r.level = levelOf(string(plain(level)))
	}
	message := o.take("message")
	for _, fixed := range fixedNames {
		o.take(string(fixed))
	}
	if o.unfit || o.ambiguous() {
		return true
	}
	r.fields = append(r.fields, o.fields...)
	switch {
	case fromHAProxy:
	case message == nil:
		r.text = nil
	case message[0] == '"':
		r.quoted = message
	default:
		r.text = message
	}
	return true
}

// saidTime is the field for a time that a line gives and that cannot be its own.
const saidTime = "log.timestamp"

func (r *record) addSaidTime(quoted []byte) {
	for at := range r.fields {
		if string(r.fields[at].name) == saidTime {
			r.fields[at].value = quoted
			return
		}
	}
	r.fields = append(r.fields, field{[]byte(saidTime), quoted})
}

// plain is the text of a JSON string, and of anything else what it looks like.
func plain(value []byte) []byte {
	if value[0] == '"' {
		return unquote(value)
	}
	return value
}
