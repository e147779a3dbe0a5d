package logline

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// mend returns a value that Elasticsearch takes where JSON allows more: text instead of numbers that neither 64 bits nor a double
// hold, and the replacement character instead of halves of surrogate pairs.
func mend(value []byte) []byte {
	switch {
	case isNumber(value) && !fits(value):
		return appendQuoted(nil, value)
	case bytes.Contains(value, []byte(`\ud`)), bytes.Contains(value, []byte(`\uD`)):
		return reencode(value)
	default:
		return value
	}
}

func isNumber(value []byte) bool { return value[0] == '-' || '0' <= value[0] && value[0] <= '9' }

func fits(number []byte) bool {
	if len(number) <= 16 && bytes.IndexAny(number, "eE") < 0 {
		return true
	}
	if bytes.IndexAny(number, ".eE") < 0 {
		_, err := strconv.ParseInt(string(number), 10, 64)
		return err == nil
	}
	double, err := strconv.ParseFloat(string(number), 64)
	return err == nil && math.Abs(double) <= math.MaxFloat32 // new fields become floats
}

func reencode(value []byte) []byte {
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	var decoded any
	if decoder.Decode(&decoded) != nil {
		return value
	}
	var mended bytes.Buffer
	encoder := json.NewEncoder(&mended)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(decoded) != nil {
		return value
	}
	return bytes.TrimRight(mended.Bytes(), "\n")
}
