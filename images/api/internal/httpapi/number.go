package httpapi

import (
	"encoding/json"
	"strconv"
	"strings"
)

// wholeNumber reads a field that is a whole JSON number of 64 bits, however it is written: 10, 10.0 and 1e1 are the same. Absent is
// `otherwise`.
func wholeNumber(fields map[string]json.RawMessage, name string, otherwise int64) (int64, error) {
	text, given := fields[name]
	if !given {
		return otherwise, nil
	}
	number, ok := parseWhole(string(text))
	if !ok {
		return 0, badBody("%s is %s: it must be a whole number that fits into 64 bits.", name, shorten(string(text)))
	}
	return number, nil
}

// parseWhole reads JSON. It moves the decimal point in the text: a double is not exact above 2^53, and 1e999999999 must cost nothing.
func parseWhole(text string) (int64, bool) {
	unsigned, negative := strings.CutPrefix(text, "-")
	if unsigned == "" || unsigned[0] < '0' || unsigned[0] > '9' {
		return 0, false // not a number
	}
	mantissa, power, scaled := strings.Cut(strings.ToLower(unsigned), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return 0, true
	}
	point := len(whole) - (len(whole+fraction) - len(digits))
	if scaled {
		exponent, err := strconv.Atoi(power)
		if err != nil || exponent > 1<<30 || exponent < -1<<30 {
			return 0, false
		}
		point += exponent
	}
	digits = strings.TrimRight(digits, "0")
	if point < len(digits) || point > 19 { // a fraction is left, or it is 10^19 and more
		return 0, false
	}
	digits += strings.Repeat("0", point-len(digits))
	if negative {
		digits = "-" + digits
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	return number, err == nil
}
