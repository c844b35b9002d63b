// Package selector is the condition language of JMS message selectors: the
// SQL-92 subset of JMS 2.0 section 3.8.1. Parse turns a text into a Selector,
// which is immutable and decides on anything that has Properties. It is pure and
// knows nothing of messages; package core says what a message's properties are.
//
// # The model
//
// A condition is true, false or unknown (Truth). A property that is not there is
// null; comparing null, or calculating with it, is unknown, NOT of unknown is
// unknown, and only what is true selects.
//
// # Support
//
//	= <> < <= > >=, AND OR NOT, parentheses        yes
//	BETWEEN, IN, LIKE with ESCAPE, IS NULL, NOT    yes
//	+ - * / %, unary + and -                       yes (% is ActiveMQ's)
//	/* comments */, -- comments                    yes, as ActiveMQ: the second only with the end of its line
//	'text' with '' for a quote, TRUE, FALSE        yes
//	numbers: 57, 0x1F, 017, 7., .5, 7E3, 57L, 5.0F yes
//	identifiers                                    Java's; any name in double quotes ("content-type")
//	text as number (Convert)                       as ActiveMQ with convert_string_expressions:
//	XPATH, XQUERY, functions                       absent
//
// # Not obvious
//
//   - Values of different types are unequal, and neither = nor <> of them is true
//     (JMS). With Convert a text that is a number is compared as one, and a text
//     that is none is <> from it (ActiveMQ): the headers of protocols that have
//     only text can then be compared with numbers and booleans.
//   - Text and booleans have no order: < of them is false.
//   - LIKE of what is no text is false; IN of what is no text is unknown.
//   - Integers are 64 bits and divided as integers; what overflows goes on as a
//     float. Division by zero is null.
//
// # Limits
//
//	maxText   8 KiB   of one selector
//	maxDepth  100     of parentheses, NOT and signs within each other
package selector
