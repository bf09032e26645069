package report

import _ "embed"

//go:embed schema.json
var schema []byte

// JSONSchema returns the JSON Schema (2020-12) of the document. A test makes it from the types and
// comments of document.go.
func JSONSchema() []byte { return schema }
