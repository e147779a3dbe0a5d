package config

import (
	"fmt"
	"strings"
)

// Problem is one setting that cannot be used.
type Problem struct {
	Setting string
	Got     string
	Allowed string
	Fix     string
}

func (p Problem) String() string {
	return fmt.Sprintf("%s is %s: it must be %s. %s", p.Setting, p.Got, p.Allowed, p.Fix)
}

// ProblemsError lists every problem, not only the first.
type ProblemsError struct{ Problems []Problem }

func (e *ProblemsError) Error() string {
	lines := []string{fmt.Sprintf("%d setting(s) cannot be used:", len(e.Problems))}
	for _, problem := range e.Problems {
		lines = append(lines, "  - "+problem.String())
	}
	return strings.Join(lines, "\n")
}
