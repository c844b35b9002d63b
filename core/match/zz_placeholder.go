// Package match: placeholder so that core compiles; the match helper deletes this file.
package match

type Filter struct{}
