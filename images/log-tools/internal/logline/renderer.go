// Package logline turns whatever a program prints into JSON lines with the names of the Elastic Common Schema.
package logline

import (
	"bytes"
	"crypto/rand"
	stdhex "encoding/hex"
	"regexp"
	"strconv"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// Origin is what all lines of one run of one program share.
type Origin struct {
	boot     string // 12 hex digits, others at each start
	sequence atomic.Uint64
	names    []byte // service.name and service.instance, rendered
	now      func() time.Time
}

var instanceNumber = regexp.MustCompile(`-[0-9]+$`)

// NewOrigin takes the instance's name, such as api-0; the service's is that without its number.
func NewOrigin(instance string) *Origin {
	random := make([]byte, 6)
	_, _ = rand.Read(random) // never fails
	names := append([]byte(`","service.name":`), appendQuoted(nil, valid([]byte(instanceNumber.ReplaceAllString(instance, ""))))...)
	names = append(append(names, `,"service.instance":`...), appendQuoted(nil, valid([]byte(instance)))...)
	return &Origin{boot: stdhex.EncodeToString(random), names: names, now: time.Now}
}

// Renderer renders lines; each goroutine needs its own.
type Renderer struct {
	origin *Origin
	record record
}

// NewRenderer returns one more renderer of the same origin.
func (o *Origin) NewRenderer() *Renderer { return &Renderer{origin: o} }

// Append appends one line of the program, given without its line end, as one line of JSON.
// cut says that it is a piece of a line that was too long; pieces are text.
func (r *Renderer) Append(out, line []byte, cut bool) []byte {
	line = valid(line)
	if cut {
		r.record = record{text: line, fields: append(r.record.fields[:0], field{[]byte("log.truncated"), []byte("true")}), flatten: r.record.flatten}
	} else {
		r.record.read(line)
	}
	return r.render(out)
}

// AppendOwn appends a line of log-run itself.
func (r *Renderer) AppendOwn(out []byte, level, message string) []byte {
	r.record = record{level: level, text: valid([]byte(message)), flatten: r.record.flatten,
		fields: append(r.record.fields[:0], field{[]byte("log.logger"), []byte(`"log-run"`)})}
	return r.render(out)
}

func (r *Renderer) render(out []byte) []byte {
	at, level := r.boundedTime(), r.record.level
	if level == "" {
		level = "info"
	}
	out = append(out, `{"@timestamp":"`...)
	out = appendTime(out, at)
	out = append(out, `","event.id":"`...)
	out = append(out, r.origin.boot...)
	out = append(out, '-')
	out = strconv.AppendUint(out, r.origin.sequence.Add(1), 10)
	out = append(out, r.origin.names...)
	out = append(out, `,"log.level":"`...)
	out = append(out, level...)
	out = append(out, `","message":`...)
	if r.record.quoted != nil {
		out = append(out, r.record.quoted...)
	} else {
		out = appendQuoted(out, r.record.text)
	}
	for _, field := range r.record.fields {
		out = append(out, ',')
		out = appendQuoted(out, field.name)
		out = append(out, ':')
		out = append(out, field.value...)
	}
	return append(out, '}', '\n')
}

// boundedTime is the line's time, or now where that cannot be right: then what it said is in log.timestamp. Lines that are not from here and now
// would make an index for each of their days, and stand before all others.
func (r *Renderer) boundedTime() time.Time {
	now, said := r.origin.now(), r.record.at
	if said.IsZero() {
		return now
	}
	if said.Before(now.Add(-mostBehind)) || said.After(now.Add(mostAhead)) {
		r.record.addSaidTime(append(append([]byte{'"'}, appendTime(nil, said)...), '"'))
		return now
	}
	return said
}

// valid replaces what is not UTF-8.
func valid(text []byte) []byte {
	if utf8.Valid(text) {
		return text
	}
	return bytes.ToValidUTF8(text, []byte("\uFFFD"))
}
