package httpapi

import (
	"fmt"
	"net/http"
	"slices"

	"redis-platform/api/internal/items"
)

// preconditionOf is what a write demands: If-Match (`*` or ETags) and If-None-Match (`*` only), RFC 9110 13.1.
func preconditionOf(r *http.Request) (items.Precondition, error) {
	var when items.Precondition
	match, err := tagsOf(r, "If-Match")
	if err != nil {
		return when, err
	}
	noneMatch, err := tagsOf(r, "If-None-Match")
	if err != nil {
		return when, err
	}
	if noneMatch.given && !noneMatch.any {
		return when, badHeader("If-None-Match names ETags: on a write only * is supported, for an item that must not exist yet.")
	}
	when.MustExist = match.any
	when.MustNotExist = noneMatch.any
	if match.given && !match.any {
		// Not nil: ETags that are weak or not ours match nothing.
		when.Versions = append([]int64{}, match.strong...)
	}
	return when, nil
}

// notModified answers a GET of an item that its sender has already, as If-None-Match says, by 304. If-Match that does not hold is 412.
func notModified(r *http.Request, version int64) (bool, error) {
	match, err := tagsOf(r, "If-Match")
	if err != nil {
		return false, err
	}
	noneMatch, err := tagsOf(r, "If-None-Match")
	if err != nil {
		return false, err
	}
	if match.given && !match.any && !slices.Contains(match.strong, version) {
		return false, items.ErrPreconditionFailed
	}
	return noneMatch.any || slices.Contains(noneMatch.strong, version) || slices.Contains(noneMatch.weak, version), nil
}

func badHeader(format string, args ...any) error {
	return &problem{http.StatusBadRequest, "invalid_precondition", fmt.Sprintf(format, args...), nil}
}
