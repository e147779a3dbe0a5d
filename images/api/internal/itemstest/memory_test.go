package itemstest

import "testing"

func TestMemoryKeepsTheContract(t *testing.T) { Contract(t, NewMemory()) }
