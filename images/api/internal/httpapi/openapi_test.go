package httpapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// document is the part of openapi.json that answers are held against.
type document struct {
	Paths      map[string]map[string]operation
	Components struct {
		Schemas struct {
			Problem struct {
				Properties struct {
					Error struct {
						Properties struct{ Code struct{ Enum []string } }
					}
				}
			}
		}
	}
}

type operation struct{ Responses map[string]json.RawMessage }

// UnmarshalJSON skips what a path has besides operations: the list of their parameters.
func (o *operation) UnmarshalJSON(text []byte) error {
	if text[0] == '[' {
		return nil
	}
	type plain operation
	return json.Unmarshal(text, (*plain)(o))
}

var declared = func() (parsed document) {
	if err := json.Unmarshal(openAPI, &parsed); err != nil {
		panic(err)
	}
	return parsed
}()

var declaredRoutes = func() *http.ServeMux {
	mux := http.NewServeMux()
	for path, operations := range declared.Paths {
		for method := range operations {
			if method != "parameters" {
				mux.Handle(strings.ToUpper(method)+" "+path, http.NotFoundHandler())
			}
		}
	}
	return mux
}()

func (d document) codes() []string {
	return d.Components.Schemas.Problem.Properties.Error.Properties.Code.Enum
}

// undeclared says what of an answer the document does not know, or "".
func (d document) undeclared(request *http.Request, answer *httptest.ResponseRecorder) string {
	if _, pattern := declaredRoutes.Handler(request); pattern != "" {
		method, path, _ := strings.Cut(pattern, " ")
		if _, found := d.Paths[path][strings.ToLower(method)].Responses[strconv.Itoa(answer.Code)]; !found {
			return "the status"
		}
	}
	var body struct{ Error struct{ Code string } }
	_ = json.Unmarshal(answer.Body.Bytes(), &body) // not every answer is JSON
	if answer.Code >= 400 && body.Error.Code != "" && !slices.Contains(d.codes(), body.Error.Code) {
		return "the code"
	}
	return ""
}

func TestTheDocumentHasExactlyTheRoutes(t *testing.T) {
	f := newFixture()
	got, want := []string{}, []string{}
	for pattern, byMethod := range f.api.routes() {
		for method := range byMethod {
			want = append(want, method+" "+pattern)
		}
	}
	for path, operations := range declared.Paths {
		for method := range operations {
			if method != "parameters" {
				got = append(got, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("openapi.json has %v,\nthe API %v", got, want)
	}
}

func TestTheDocumentKnowsEveryErrorOfNetHTTP(t *testing.T) {
	for status, p := range refusals {
		if p.status != status || !slices.Contains(declared.codes(), p.code) {
			t.Errorf("%d: %+v", status, p)
		}
	}
}

func TestTheDocumentIsServed(t *testing.T) {
	answer := newFixture().send("GET", "/openapi.json", "")
	if answer.Code != 200 || answer.Header().Get("Content-Type") != "application/json" || !json.Valid(answer.Body.Bytes()) {
		t.Fatal(answer.Code, answer.Header())
	}
}

func TestReferencesOfTheDocumentLeadSomewhere(t *testing.T) {
	var whole any
	if err := json.Unmarshal(openAPI, &whole); err != nil {
		t.Fatal(err)
	}
	count := 0
	var visit func(node any)
	visit = func(node any) {
		switch node := node.(type) {
		case []any:
			for _, child := range node {
				visit(child)
			}
		case map[string]any:
			for name, child := range node {
				if text, isText := child.(string); isText && name == "$ref" {
					count++
					target := whole
					for _, step := range strings.Split(strings.TrimPrefix(text, "#/"), "/") {
						fields, _ := target.(map[string]any)
						target = fields[step]
					}
					if target == nil {
						t.Errorf("%s leads nowhere", text)
					}
				}
				visit(child)
			}
		}
	}
	visit(whole)
	if count < 50 {
		t.Errorf("only %d references", count)
	}
}
