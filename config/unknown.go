package config

import (
	"reflect"
	"strings"
)

// notBuilt names keys of the design that this version has no code for. To
// take them and do nothing would be worse than to refuse them.
var notBuilt = map[string]string{
	"openwire": "the OpenWire door is not built yet",
	"kinesis":  "the Kinesis service is not built yet",
}

// unknown says what is wrong with a key that the section of type t, at path,
// does not have.
func unknown(t reflect.Type, path, key string) string {
	if why, ok := notBuilt[key]; ok && path == "" {
		return "unknown key: " + why
	}
	known := keys(t)
	for _, k := range known {
		if near(strings.ReplaceAll(strings.ToLower(key), "-", "_"), k) {
			return "unknown key: did you mean " + k + "?"
		}
	}
	return "unknown key: here belong " + strings.Join(known, ", ")
}

// near reports whether one or two slips of the keyboard make b of a; one, where
// the word is short.
func near(a, b string) bool {
	slips := 2
	if len(b) <= 3 {
		slips = 1
	}
	if len(a) > len(b)+slips || len(b) > len(a)+slips {
		return false
	}
	return distance(a, b) <= slips
}

// distance counts the letters to insert, delete or replace between a and b
// (Levenshtein), a row of the table at a time.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
