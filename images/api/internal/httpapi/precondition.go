package httpapi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"redis-platform/api/internal/items"
)

// entityTag is a version as an ETag.
func entityTag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// preconditionOf reads If-Match (`*` or a list of ETags) and If-None-Match (`*` only), as RFC 9110 13.1 has them.
func preconditionOf(r *http.Request) (items.Precondition, error) {
	var when items.Precondition
	if header := joined(r, "If-Match"); header == "*" {
		when.MustExist = true
	} else if header != "" {
		versions, err := versionsOf(header)
		if err != nil {
			return when, err
		}
		when.Versions = versions
	}
	if header := joined(r, "If-None-Match"); header == "*" {
		when.MustNotExist = true
	} else if header != "" {
		return when, badHeader("If-None-Match is %s: only * is supported, for an item that must not exist yet.", shorten(header))
	}
	return when, nil
}

func joined(r *http.Request, name string) string {
	return strings.TrimSpace(strings.Join(r.Header.Values(name), ","))
}

// versionsOf never returns nil. Weak and foreign ETags are well-formed but match nothing.
func versionsOf(header string) ([]int64, error) {
	versions := []int64{}
	for _, part := range strings.Split(header, ",") {
		tag, weak := strings.CutPrefix(strings.TrimSpace(part), "W/")
		if len(tag) < 2 || tag[0] != '"' || tag[len(tag)-1] != '"' {
			return nil, badHeader(`If-Match is %s: send * or ETags in double quotes, like "1700000000000000".`, shorten(header))
		}
		text := tag[1 : len(tag)-1]
		version, err := strconv.ParseInt(text, 10, 64)
		if err == nil && !weak && entityTag(version) == tag {
			versions = append(versions, version)
		}
	}
	return versions, nil
}

func badHeader(format string, args ...any) error {
	return &problem{http.StatusBadRequest, "invalid_precondition", fmt.Sprintf(format, args...), nil}
}
