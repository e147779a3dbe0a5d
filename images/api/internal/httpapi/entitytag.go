package httpapi

import (
	"net/http"
	"strconv"
	"strings"
)

// entityTag is a version as an ETag.
func entityTag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// tags is what an If-Match or If-None-Match header names.
type tags struct {
	// given is false where the header is absent.
	given bool
	// any is `*`.
	any bool
	// strong are the versions of strong ETags, weak those of weak ones. ETags that this API never gave are in neither.
	strong, weak []int64
}

// tagsOf reads `*` or a list of ETags as RFC 9110 has them (5.6.1 lists, 8.8.3 ETags): several headers are one list, empty elements
// are ignored, and a comma inside of quotes belongs to the ETag. A header that names nothing is refused: its sender lost the
// version that it meant, and must get neither an unconditional write nor an answer that sends it to read once more.
func tagsOf(r *http.Request, name string) (tags, error) {
	values := r.Header.Values(name)
	if len(values) == 0 {
		return tags{}, nil
	}
	found := tags{given: true}
	rest, named := strings.Join(values, ","), false
	for {
		rest = strings.TrimLeft(rest, " \t,")
		switch {
		case rest == "" && named:
			return found, nil
		case rest == "":
			return tags{}, badHeader(`%s is empty: send * or ETags in double quotes, like "1700000000000000", or leave it out.`, name)
		case rest[0] == '*' && !named && strings.Trim(rest[1:], " \t,") == "":
			return tags{given: true, any: true}, nil
		}
		tag, isWeak := strings.CutPrefix(rest, "W/")
		length := quoted(tag)
		rest = strings.TrimLeft(tag[length:], " \t")
		if length == 0 || rest != "" && rest[0] != ',' {
			return tags{}, badHeader(`%s is %s: send * or ETags in double quotes, like "1700000000000000".`, name, shorten(strings.Join(values, ",")))
		}
		named = true
		version, err := strconv.ParseInt(tag[1:length-1], 10, 64)
		switch {
		case err != nil || entityTag(version) != tag[:length]: // not one of ours
		case isWeak:
			found.weak = append(found.weak, version)
		default:
			found.strong = append(found.strong, version)
		}
	}
}

// quoted is the length of the quoted ETag that text begins with, or 0.
func quoted(text string) int {
	if text == "" || text[0] != '"' {
		return 0
	}
	for at := 1; at < len(text); at++ {
		switch char := text[at]; {
		case char == '"':
			return at + 1
		case char <= ' ' || char == 0x7f:
			return 0
		}
	}
	return 0
}
