package logging

import "strings"

// Discreet cuts a text off where a quotation begins. Redis ("unknown command 'X', with args beginning with: 'Y'"), its client ("can't
// parse "Y"") and strconv quote what they refuse, and that can be an item's value or a password.
func Discreet(text string) string {
	for at, char := range text {
		opens := char == '"' || char == '`' || char == '\'' && (at == 0 || strings.ContainsRune(" (:[{", rune(text[at-1])))
		if opens {
			return text[:at] + "..."
		}
	}
	return text
}

// DiscreetError has the text of another error as Discreet leaves it, and is that error to errors.Is and errors.As.
type DiscreetError struct{ Cause error }

func (e DiscreetError) Error() string { return Discreet(e.Cause.Error()) }

// Unwrap returns the error itself. Do not log it.
func (e DiscreetError) Unwrap() error { return e.Cause }
