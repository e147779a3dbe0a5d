package httpapi

import (
	"net/http"
	"path"
	"slices"
	"strings"
)

// unmatched is the pattern that takes what no other does.
const unmatched = "/"

// handler answers, or returns the error to answer with.
type handler func(w http.ResponseWriter, r *http.Request) error

type methods map[string]handler

// route registers each method, and a JSON 405 with Allow for all others. ServeMux answers HEAD by GET.
func (a *API) route(mux *http.ServeMux, pattern string, byMethod methods) {
	var allowed []string
	for method, handle := range byMethod {
		mux.HandleFunc(method+" "+pattern, a.handle(handle))
		allowed = append(allowed, method)
	}
	if byMethod[http.MethodGet] != nil {
		allowed = append(allowed, http.MethodHead)
	}
	slices.Sort(allowed)
	allow := strings.Join(allowed, ", ")
	mux.HandleFunc(pattern, a.handle(func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Allow", allow)
		return &problem{http.StatusMethodNotAllowed, "method_not_allowed", "the method " + r.Method + " is not allowed here: use " + allow + ".", nil}
	}))
}

func (a *API) handle(handle handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			drain(r)
			writeProblem(w, r, asProblem(err))
		}
	}
}

func notFound(http.ResponseWriter, *http.Request) error {
	return &problem{http.StatusNotFound, "no_such_route",
		"there is nothing at this path: use /v1/items/{key} or /v1/counters/{key}, with a key in percent-encoding; /openapi.json describes all.", nil}
}

// onlyCleanPaths answers paths like //v1 or /v1/../v1, which ServeMux would redirect in HTML, and `*`, which it would refuse without a word.
func onlyCleanPaths(next, otherwise http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if escaped := r.URL.EscapedPath(); escaped == "*" || escaped != path.Clean(escaped) {
			otherwise.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
