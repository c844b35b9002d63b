// Package wire is what generated AWS request and reply types stand on: optional
// values, ordered maps, the two codecs (JSON 1.0, and Query in with XML out),
// the check of required members and limits, errors and operations.
//
// It knows no service and no HTTP. A service's package (sqsapi, snsapi, stsapi) is
// generated from a model and imports only this; the edge (awsapi) imports all.
//
// Decoding is without reflection and bounded by the input: a request value holds
// at most MaxElements list elements and map entries, unknown members are skipped
// to a bounded depth, and strings without escapes alias the input, which is why
// the input of a decoder must never be written again (clone what you keep for
// long: it holds on to the whole request body).
//
//	form        | in                                         | out
//	JSON 1.0    | keys by exact case; unknown keys skipped;  | absent and empty members omitted,
//	            | null is absent; duplicates: last wins;     | `{}` when nothing is set
//	            | wrong type: SerializationException         |
//	Query / XML | `.member.N`, `.entry.N.key`, flattened     | flattened or wrapped lists and maps
//	            | lists, gaps in N tolerated                 |
//
// Absent: JSON 1.1, CBOR and event streams (Kinesis brings them), checks of the
// model's regular expressions, recursive shapes (the generator refuses them).
package wire
