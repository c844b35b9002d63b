// Package match holds topic filters and routing keys: what a subscription, a
// binding, a permission or a scan of retained values is compared with. It is
// pure: no goroutine, no clock, no state but what a Tree is given.
//
// # Model
//
// A path is a list of levels, written in MQTT's spelling with `/` between
// them: `sensors/kitchen/temp`. AMQP and STOMP write the same path with `.`;
// the two separators are swapped, never replaced (Swap), so MQTT's
// `plant.1/line` is AMQP's `plant/1.line` and comes back unharmed. Empty
// levels are levels (`/a`, `a//b` and `a/` have 2, 3 and 2). The empty path
// has no level at all: RabbitMQ splits the empty routing key into zero words,
// so `#` matches it, `*` does not, and the empty binding key matches nothing
// else. A list of exactly one empty level has no spelling and does not exist.
//
// A Filter is a list of literal levels, `*` (exactly one level) and `#` (any
// number of levels, none too, anywhere): AMQP's language, of which MQTT's is a
// part. A level of an MQTT filter may be a literal `*`, so a Filter is a parsed
// value and not a string with wildcards in it; its own canonical spelling
// (Encode, Decode) escapes such a level with a backslash.
//
// A path whose first level begins with `$` matches only a filter that spells
// that level out: neither `*` nor `#` ever stands for it [MQTT-4.7.2-1]. That
// holds for every protocol, and `#/$SYS/x` does match `$SYS/x`.
//
// # What is here
//
//	path.go    Swap, ValidPath, ValidTopicName, VisibleToMQTT, Reserved
//	filter.go  Filter: Literal, Below, Path, Encode, Decode
//	spell.go   ParseMQTT, ParseAMQP, ParseDotted and the spellings back
//	glob.go    Filter.Match: one filter, one path; no allocation, O(n*m)
//	tree.go    Tree: many filters, one path
//	exact.go   its filters without a wildcard, by their whole path
//	trie.go    those with one, level by level; edges.go
//	table.go   the hash table of both; bag.go: the values of one filter
//	covers.go  Covers: inclusion of two filters, for permissions
//	levels.go  EncodeLevels, DecodeLevels: keys that sort as level lists do
//	cursor.go  Range, Cursor: a scan over such keys that jumps
//
// # Support
//
//	there    MQTT 3.1.1 and 5 filters and topic names; RabbitMQ's topic
//	         binding keys; exact inclusion; skip-scan up to the first `#`
//	absent   $share/ and $queue/ (the MQTT door strips them first); skip-scan
//	         past a `#` that is not last (such a filter reads every key below
//	         its literal start); wildcards inside a level (`a*b` is literal)
//
// # Limits
//
// A path or filter has at most MaxBytes bytes and MaxLevels levels; an AMQP
// binding key at most MaxAMQPBytes. Every parser enforces them.
package match
