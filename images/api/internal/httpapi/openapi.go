package httpapi

import (
	_ "embed"
	"net/http"
)

// openAPI is what the API promises, for people, generators and tests. The tests of this package hold the routes, and every answer that
// they get, against it.
//
//go:embed openapi.json
var openAPI []byte

func specification(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(openAPI) // fails only when the client is gone
	return nil
}
