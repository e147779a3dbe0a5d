package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// noStore: an item's remaining life is part of its answer, and what is read must be what the master has.
const noStore = "no-store"

func writeJSON(w http.ResponseWriter, status int, body any) {
	text := encode(body)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", noStore)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text) // fails only when the client is gone
}

// encode leaves <, > and & as they are: values come back as they were given.
func encode(body any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		// Only a stored value that is not JSON gets here, and none is written. The error would quote it.
		panic("the answer cannot be encoded: a stored value is not JSON")
	}
	return text.Bytes()
}
