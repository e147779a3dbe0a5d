package logline

import "bytes"

// Bounds of what becomes fields. An object beyond them is kept as text: Elasticsearch would refuse it, or grow for ever.
const (
	maxFields = 200
	maxDepth  = 8
	maxName   = 256 // bytes, dots included
)

// field is a dotted name and a value as JSON text.
type field struct{ name, value []byte }

// object flattens the text of one JSON object, which must be valid.
type object struct {
	text   []byte
	at     int
	fields []field
	names  []byte // where the names of nested fields are put together
	unfit  bool   // something in it cannot be a field
}

func (o *object) read(text []byte) {
	*o = object{text: text, fields: o.fields[:0], names: o.names[:0]}
	o.skipSpace()
	o.members(nil, 1)
}

// members reads from { to }.
func (o *object) members(prefix []byte, depth int) {
	o.at++
	o.skipSpace()
	for o.text[o.at] != '}' {
		name := o.join(prefix, unquote(o.value()))
		o.skipSpace()
		o.at++ // the colon
		o.skipSpace()
		if o.text[o.at] == '{' && depth < maxDepth {
			o.members(name, depth+1)
		} else {
			o.add(name, o.value())
		}
		o.skipSpace()
		if o.text[o.at] == ',' {
			o.at++
			o.skipSpace()
		}
	}
	o.at++
}

func (o *object) join(prefix, name []byte) []byte {
	if len(prefix) == 0 {
		return name
	}
	if len(prefix)+len(name) >= maxName {
		o.unfit = true
		return prefix
	}
	start := len(o.names)
	o.names = append(append(append(o.names, prefix...), '.'), name...)
	return o.names[start:len(o.names):len(o.names)]
}

// add takes in one field; of the same name twice the last one wins.
func (o *object) add(name, value []byte) {
	at := o.find(string(name))
	switch {
	case value[0] == 'n': // null is as good as nothing
		o.take(string(name))
	case at >= 0:
		o.fields[at].value = mend(value)
	case value[0] == '{', !isName(name), len(o.fields) == maxFields:
		o.unfit = true
	default:
		o.fields = append(o.fields, field{name, mend(value)})
	}
}

func (o *object) find(name string) int {
	for at := range o.fields {
		if string(o.fields[at].name) == name {
			return at
		}
	}
	return -1
}

// take removes a field and returns its value, nil if there is none.
func (o *object) take(name string) []byte {
	at := o.find(name)
	if at < 0 {
		return nil
	}
	value := o.fields[at].value
	o.fields = append(o.fields[:at], o.fields[at+1:]...)
	return value
}

// ambiguous says whether a name is a value and also the beginning of another name: `log` and `log.level` cannot both be fields.
func (o *object) ambiguous() bool {
	for _, value := range o.fields {
		for _, fixed := range fixedNames {
			if isBelow(value.name, fixed) || isBelow(fixed, value.name) {
				return true
			}
		}
		for _, other := range o.fields {
			if isBelow(other.name, value.name) {
				return true
			}
		}
	}
	return false
}

func isBelow(name, parent []byte) bool {
	return len(name) > len(parent) && name[len(parent)] == '.' && bytes.HasPrefix(name, parent)
}

// isName refuses what Elasticsearch does: empty parts, parts that begin with a space, control characters.
func isName(name []byte) bool {
	before := byte('.')
	for _, char := range name {
		if char < 0x20 || before == '.' && (char == '.' || char == ' ') {
			return false
		}
		before = char
	}
	return before != '.' && len(name) <= maxName
}

// value returns the text of the value here and goes past it.
func (o *object) value() []byte {
	start := o.at
	switch o.text[o.at] {
	case '"':
		o.skipString()
	case '{', '[':
		o.skipNested()
	default:
		for o.at < len(o.text) && !isEnd(o.text[o.at]) {
			o.at++
		}
	}
	return o.text[start:o.at:o.at]
}

func isEnd(char byte) bool {
	return char == ',' || char == '}' || char == ']' || isSpace(char)
}

func isSpace(char byte) bool {
	return char == ' ' || char == '\t' || char == '\r' || char == '\n'
}

func (o *object) skipSpace() {
	for o.at < len(o.text) && isSpace(o.text[o.at]) {
		o.at++
	}
}

func (o *object) skipString() {
	for o.at++; o.text[o.at] != '"'; o.at++ {
		if o.text[o.at] == '\\' {
			o.at++
		}
	}
	o.at++
}

func (o *object) skipNested() {
	for depth := 0; ; {
		switch o.text[o.at] {
		case '"':
			o.skipString()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		o.at++
		if depth == 0 {
			return
		}
	}
}
