// Package filter is SNS's subscription filter policies: reading one with AWS's own
// complaints, and deciding whether a message's attributes or its body match. It is
// pure; bridge/sns makes a core.Predicate of a Policy.
//
//	p, err := filter.Parse(text, filter.MessageBody) // err is a *filter.Error: append Text to "Invalid parameter: [Attributes Reason: ]"
//	p.MatchAttributes(func(name string) (filter.Attribute, bool) { ... })
//	p.MatchBody(body)
//
// AWS reads a policy twice: as JSON (jackson), and, written out compactly again,
// as a rule (event-ruler's compiler), whose messages carry the position where its
// parser stood. So does this: parse.go is the first reading, compile.go and
// expression.go the second; node holds what jackson would have consumed of each
// value, since a string counts as one character until it is looked at. Limits come
// last: five keys, 150 combinations (a key counts its values times its depth, the
// alternatives of an $or add up), no nesting for attributes.
//
// Matching is by leaves: a body is flattened to paths joined with dots, as AWS
// does it ({"a.b":[...]} and {"a":{"b":[...]}} are one policy and match both
// bodies), and each key of the policy needs a leaf that one of its conditions
// takes. Leaves out of different objects of the same array do not go together, so
// {"Records":{"k":["a"],"n":["b"]}} wants both in one record. The search for such
// leaves is bounded (maxSteps): past it the answer is no.
//
//	exact: string, number, true, false, null      yes; {"exactly": s}; an IP address equals itself however written
//	prefix, suffix, equals-ignore-case, wildcard  yes
//	numeric = < <= > >= and ranges                yes; -10^9..10^9, five decimals
//	cidr                                          yes, IPv4 and IPv6
//	exists                                        yes, of leaves: an object or an empty array is no value
//	anything-but: value, list, {"prefix": s}      yes; another form (suffix, ...) is refused, as AWS was recorded to
//	                                              (its documentation lists no other for SNS)
//	$or                                           yes, where it has two or more objects without operators as
//	                                              keys; else it is a key like any other
//	String.Array; arrays in bodies                one matching element is enough, also for anything-but
//	Binary attributes                             ignored, as if absent
//	AWS's budget for wildcards over a policy      not known, not applied
//	200 policies a topic, 10,000 an account       not counted here
package filter
