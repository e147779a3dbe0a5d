package logline

import "time"

// Elasticsearch's date_nanos holds the years 1970 to 2261.
const (
	firstYear = 1970
	lastYear  = 2261
)

// A line's time may differ from the time at which it is read by so much.
const (
	mostAhead  = time.Minute
	mostBehind = 24 * time.Hour
)

// parseTime reads an RFC 3339 time in quotes, as a JSON string has it.
func parseTime(quoted []byte) (time.Time, bool) {
	if len(quoted) < len(`"2006-01-02T15:04:05Z"`) || quoted[0] != '"' {
		return time.Time{}, false
	}
	parsed, err := time.Parse(time.RFC3339Nano, string(quoted[1:len(quoted)-1]))
	parsed = parsed.UTC()
	if err != nil || parsed.Year() < firstYear || parsed.Year() > lastYear {
		return time.Time{}, false
	}
	return parsed, true
}

// appendTime writes 2026-11-22T17:39:09.123456789Z: always UTC, always 9 digits, so that text sorts as time does.
func appendTime(out []byte, at time.Time) []byte {
	at = at.UTC()
	year, month, day := at.Date()
	hour, minute, second := at.Clock()
	out = appendDigits(out, year, 4)
	out = append(out, '-')
	out = appendDigits(out, int(month), 2)
	out = append(out, '-')
	out = appendDigits(out, day, 2)
	out = append(out, 'T')
	out = appendDigits(out, hour, 2)
	out = append(out, ':')
	out = appendDigits(out, minute, 2)
	out = append(out, ':')
	out = appendDigits(out, second, 2)
	out = append(out, '.')
	out = appendDigits(out, at.Nanosecond(), 9)
	return append(out, 'Z')
}

func appendDigits(out []byte, number, digits int) []byte {
	start := len(out)
	for range digits {
		out = append(out, '0')
	}
	for at := start + digits - 1; at >= start; at-- {
		out[at] = byte('0' + number%10)
		number /= 10
	}
	return out
}
