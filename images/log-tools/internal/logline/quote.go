package logline

import (
	"bytes"
	"encoding/json"
)

const hex = "0123456789abcdef"

// appendQuoted writes valid UTF-8 as a JSON string.
func appendQuoted(out, text []byte) []byte {
	out = append(out, '"')
	start := 0
	for at, char := range text {
		if char >= 0x20 && char != '"' && char != '\\' {
			continue
		}
		out = append(out, text[start:at]...)
		start = at + 1
		switch char {
		case '"', '\\':
			out = append(out, '\\', char)
		case '\n':
			out = append(out, '\\', 'n')
		case '\r':
			out = append(out, '\\', 'r')
		case '\t':
			out = append(out, '\\', 't')
		default:
			out = append(out, '\\', 'u', '0', '0', hex[char>>4], hex[char&15])
		}
	}
	return append(append(out, text[start:]...), '"')
}

// unquote returns what a JSON string says.
func unquote(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return quoted[1 : len(quoted)-1]
	}
	return []byte(text)
}
