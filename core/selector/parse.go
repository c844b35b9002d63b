package selector

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parser is by recursive descent; tok is the token that comes.
type parser struct {
	lexer
	tok     token
	depth   int
	convert bool
}

func (p *parser) advance() (err error) {
	p.tok, err = p.next()
	return err
}

func (p *parser) unexpected(want string) error {
	if p.tok.kind == end {
		return p.errorAt(p.tok.at, "the selector ends where "+want+" should be")
	}
	return p.errorAt(p.tok.at, fmt.Sprintf("%s should be instead of %q", want, p.tok.val))
}

// parse reads the whole; nil is the empty selector.
func (p *parser) parse() (condition, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == end && strings.TrimSpace(p.text) == "" {
		return nil, nil
	}
	c, err := p.condition()
	if err == nil && p.tok.kind != end {
		err = p.unexpected("the end")
	}
	return c, err
}

// An operand is what a rule of the grammar has read: a condition, or an
// expression that may become one.
type operand struct {
	cond condition
	expr expression
	at   int
}

// condition is an OR of ANDs.
func (p *parser) condition() (condition, error) {
	o, err := p.or()
	if err != nil {
		return nil, err
	}
	return p.asCondition(o)
}

// asCondition takes an identifier or boolean literal for a condition.
func (p *parser) asCondition(o operand) (condition, error) {
	if o.cond != nil {
		return o.cond, nil
	}
	switch e := o.expr.(type) {
	case property:
		return flag{e, p.convert}, nil
	case literal:
		if e.kind == Bool {
			return flag{e, false}, nil
		}
	}
	return nil, p.errorAt(o.at, "this is no condition")
}

// asExpression refuses a condition where a value is wanted.
func (p *parser) asExpression(o operand) (expression, error) {
	if o.expr == nil {
		return nil, p.errorAt(o.at, "this is a condition, not a value")
	}
	return o.expr, nil
}

func (p *parser) or() (operand, error) {
	return p.chain("OR", p.and, func(a, b condition) condition { return either{a, b} })
}

func (p *parser) and() (operand, error) {
	return p.chain("AND", p.not, func(a, b condition) condition { return both{a, b} })
}

// chain reads operands with a keyword between them.
func (p *parser) chain(keyword string, part func() (operand, error), join func(a, b condition) condition) (operand, error) {
	left, err := part()
	for err == nil && p.tok.keyword() == keyword {
		if err = p.advance(); err != nil {
			break
		}
		var right operand
		if right, err = part(); err != nil {
			break
		}
		var a, b condition
		if a, err = p.asCondition(left); err != nil {
			break
		}
		if b, err = p.asCondition(right); err == nil {
			left = operand{cond: join(a, b), at: left.at}
		}
	}
	return left, err
}

func (p *parser) not() (operand, error) {
	if p.tok.keyword() != "NOT" {
		return p.comparison()
	}
	at := p.tok.at
	return p.deeper(func() (operand, error) {
		if err := p.advance(); err != nil {
			return operand{}, err
		}
		o, err := p.not()
		if err != nil {
			return o, err
		}
		c, err := p.asCondition(o)
		return operand{cond: negated{c}, at: at}, err
	})
}

// deeper bounds how far the grammar goes into itself.
func (p *parser) deeper(f func() (operand, error)) (operand, error) {
	if p.depth++; p.depth > maxDepth {
		return operand{}, p.errorAt(p.tok.at, "a selector nested too deeply")
	}
	defer func() { p.depth-- }()
	return f()
}

var comparisons = map[string]comparison{"=": equal, "<>": unequal, "<": less, "<=": lessEqual, ">": greater, ">=": greaterEqual}

func (p *parser) comparison() (operand, error) {
	left, err := p.sum()
	for err == nil {
		op, isComparison := comparisons[p.tok.val]
		switch key := p.tok.keyword(); {
		case p.tok.kind == symbol && isComparison:
			left, err = p.compare(left, op)
		case key == "IS":
			left, err = p.isNull(left)
		case key == "NOT", key == "LIKE", key == "IN", key == "BETWEEN":
			left, err = p.test(left)
		default:
			return left, nil
		}
	}
	return left, err
}

func (p *parser) compare(left operand, op comparison) (operand, error) {
	if err := p.advance(); err != nil {
		return left, err
	}
	right, err := p.sum()
	if err != nil {
		return left, err
	}
	a, err := p.ordered(left, op)
	if err != nil {
		return left, err
	}
	b, err := p.ordered(right, op)
	return operand{cond: compared{a, b, op, p.convert}, at: left.at}, err
}

// ordered refuses a literal that has no order where one is asked for.
func (p *parser) ordered(o operand, op comparison) (expression, error) {
	e, err := p.asExpression(o)
	if lit, ok := e.(literal); ok && err == nil && op != equal && op != unequal && !Value(lit).numeric() {
		err = p.errorAt(o.at, "only numbers have an order")
	}
	return e, err
}

func (p *parser) isNull(left operand) (operand, error) {
	if err := p.advance(); err != nil {
		return left, err
	}
	not, err := p.accept("NOT")
	if err != nil {
		return left, err
	}
	if p.tok.keyword() != "NULL" {
		return left, p.unexpected("NULL")
	}
	name, ok := left.expr.(property)
	if !ok {
		return left, p.errorAt(left.at, "only a property can be NULL")
	}
	return operand{cond: isNull{name, not}, at: left.at}, p.advance()
}

// accept takes a keyword if it comes.
func (p *parser) accept(keyword string) (bool, error) {
	if p.tok.keyword() != keyword {
		return false, nil
	}
	return true, p.advance()
}

// test reads [NOT] LIKE, IN or BETWEEN.
func (p *parser) test(left operand) (operand, error) {
	not, err := p.accept("NOT")
	if err != nil {
		return left, err
	}
	var c condition
	switch p.tok.keyword() {
	case "BETWEEN":
		c, err = p.between(left)
	case "LIKE":
		c, err = p.like(left)
	case "IN":
		c, err = p.in(left)
	default:
		err = p.unexpected("LIKE, IN or BETWEEN")
	}
	if not {
		c = negated{c}
	}
	return operand{cond: c, at: left.at}, err
}

func (p *parser) between(left operand) (condition, error) {
	var sides [2]expression
	value, err := p.ordered(left, less)
	for i := 0; err == nil && i < 2; i++ {
		if i == 1 && p.tok.keyword() != "AND" {
			return nil, p.unexpected("AND")
		}
		if err = p.advance(); err != nil {
			break
		}
		var o operand
		if o, err = p.sum(); err == nil {
			sides[i], err = p.ordered(o, less)
		}
	}
	return both{compared{value, sides[0], greaterEqual, p.convert}, compared{value, sides[1], lessEqual, p.convert}}, err
}

// textLiteral reads one.
func (p *parser) textLiteral(what string) (string, error) {
	if err := p.advance(); err != nil {
		return "", err
	}
	if p.tok.kind != text {
		return "", p.unexpected(what)
	}
	val := p.tok.val
	return val, p.advance()
}

func (p *parser) like(left operand) (condition, error) {
	name, ok := left.expr.(property)
	if !ok {
		return nil, p.errorAt(left.at, "LIKE wants a property before it")
	}
	pattern, err := p.textLiteral("a pattern in quotes")
	if err != nil {
		return nil, err
	}
	escape := ""
	if p.tok.keyword() == "ESCAPE" {
		at := p.tok.at
		if escape, err = p.textLiteral("the escape character in quotes"); err != nil {
			return nil, err
		}
		if utf8.RuneCountInString(escape) != 1 {
			return nil, p.errorAt(at, "ESCAPE wants one character")
		}
	}
	glob, ok := parseGlob(pattern, escape)
	if !ok {
		return nil, p.errorAt(left.at, "the pattern ends with its escape character")
	}
	return like{name, glob}, nil
}

func (p *parser) in(left operand) (condition, error) {
	name, ok := left.expr.(property)
	if !ok {
		return nil, p.errorAt(left.at, "IN wants a property before it")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if !p.tok.is("(") {
		return nil, p.unexpected("a list in parentheses")
	}
	set := map[string]bool{}
	for {
		val, err := p.textLiteral("a text in quotes")
		if err != nil {
			return nil, err
		}
		set[val] = true
		switch {
		case p.tok.is(")"):
			return in{name, set}, p.advance()
		case !p.tok.is(","):
			return nil, p.unexpected("a comma or )")
		}
	}
}

func (p *parser) sum() (operand, error) { return p.arithmetic("+-", p.product) }

func (p *parser) product() (operand, error) { return p.arithmetic("*/%", p.signed) }

func (p *parser) arithmetic(ops string, part func() (operand, error)) (operand, error) {
	left, err := part()
	for err == nil && p.tok.kind == symbol && strings.Contains(ops, p.tok.val) {
		op := p.tok.val[0]
		if err = p.advance(); err != nil {
			break
		}
		var right operand
		if right, err = part(); err != nil {
			break
		}
		var a, b expression
		if a, err = p.number(left); err != nil {
			break
		}
		if b, err = p.number(right); err == nil {
			left = operand{expr: calculated{a, b, op, p.convert}, at: left.at}
		}
	}
	return left, err
}

// number refuses a literal that cannot be calculated with.
func (p *parser) number(o operand) (expression, error) {
	e, err := p.asExpression(o)
	if lit, ok := e.(literal); ok && err == nil && !Value(lit).numeric() {
		err = p.errorAt(o.at, "only numbers can be calculated with")
	}
	return e, err
}

func (p *parser) signed() (operand, error) {
	if !p.tok.is("-") && !p.tok.is("+") {
		return p.primary()
	}
	at, minus := p.tok.at, p.tok.val == "-"
	return p.deeper(func() (operand, error) {
		if err := p.advance(); err != nil {
			return operand{}, err
		}
		if minus && p.tok.kind == number { // the smallest integer is none without its sign
			return p.literal("-")
		}
		o, err := p.signed()
		if err != nil {
			return o, err
		}
		e, err := p.number(o)
		if minus {
			e = calculated{literal(IntValue(0)), e, '-', p.convert}
		}
		return operand{expr: e, at: at}, err
	})
}

func (p *parser) primary() (operand, error) {
	at, val := p.tok.at, p.tok.val
	switch p.tok.kind {
	case text:
		return operand{expr: literal(TextValue(val)), at: at}, p.advance()
	case number:
		return p.literal("")
	case quoted:
		return operand{expr: property(val), at: at}, p.advance()
	case symbol:
		if val == "(" {
			return p.deeper(p.parentheses)
		}
	case word:
		switch p.tok.keyword() {
		case "TRUE", "FALSE":
			return operand{expr: literal(BoolValue(len(val) == 4)), at: at}, p.advance()
		case "NOT", "AND", "OR", "BETWEEN", "LIKE", "IN", "IS", "NULL", "ESCAPE":
		default:
			return operand{expr: property(val), at: at}, p.advance()
		}
	}
	return operand{}, p.unexpected("a value")
}

func (p *parser) parentheses() (operand, error) {
	if err := p.advance(); err != nil {
		return operand{}, err
	}
	o, err := p.or()
	if err != nil {
		return o, err
	}
	if !p.tok.is(")") {
		return o, p.unexpected(")")
	}
	return o, p.advance()
}

// literal reads the number that comes.
func (p *parser) literal(sign string) (operand, error) {
	at := p.tok.at
	v, ok := numberLiteral(sign, p.tok.val)
	if !ok {
		return operand{}, p.errorAt(at, fmt.Sprintf("%q is no number", p.tok.val))
	}
	return operand{expr: literal(v), at: at}, p.advance()
}

// numberLiteral reads a number as Java spells it: 0x and 0 before hexadecimal
// and octal ones, L, F and D behind.
func numberLiteral(sign, s string) (Value, bool) {
	last := s[len(s)-1] | 0x20
	whole := strings.TrimRight(s, "lL")
	hex := strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X")
	octal := len(whole) > 1 && whole[0] == '0' && strings.Trim(whole, "01234567") == ""
	if hex || octal || strings.Trim(whole, "0123456789") == "" {
		if len(s)-len(whole) > 1 {
			return Value{}, false
		}
		base := 10
		switch {
		case hex:
			base, whole = 16, whole[2:]
		case octal:
			base = 8
		}
		if n, err := strconv.ParseInt(sign+whole, base, 64); err == nil {
			return IntValue(n), true
		}
		if base != 10 {
			return Value{}, false
		}
	}
	if last == 'f' || last == 'd' {
		s = s[:len(s)-1]
	} else if last == 'l' {
		return Value{}, false
	}
	if s == "" || !decimal(s) {
		return Value{}, false
	}
	f, err := strconv.ParseFloat(sign+s, 64)
	return FloatValue(f), err == nil
}
