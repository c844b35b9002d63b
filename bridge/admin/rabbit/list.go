package rabbit

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxSorted bounds how many rows are sorted without pages, which has them all in
// memory.
const maxSorted = 50_000

// list answers with the rows, as ?columns, ?sort, ?sort_reverse, ?name, ?use_regex,
// ?page and ?page_size ask. It keeps in memory no more than the rows of a page and
// what it sorts by; rows may be gone through twice.
func list(w http.ResponseWriter, r *request, rows iter.Seq[row]) error {
	q := r.URL.Query()
	keep, err := nameFilter(q)
	if err != nil {
		return err
	}
	columns := split(q.Get("columns"))
	switch {
	case q.Has("page"):
		return paged(w, q, rows, keep, columns)
	case q.Get("sort") != "":
		return sorted(w, q, rows, keep, columns)
	}
	return stream(w, rows, keep, columns)
}

// unpagedList is list where RabbitMQ has no pages.
func unpagedList(w http.ResponseWriter, r *request, rows iter.Seq[row]) error {
	q := r.URL.Query()
	q.Del("page")
	u, c := *r.URL, *r.Request
	u.RawQuery = q.Encode()
	c.URL = &u
	return list(w, &request{Request: &c}, rows)
}

func sorted(w http.ResponseWriter, q url.Values, rows iter.Seq[row], keep func(row) bool, columns []string) error {
	order, _ := ordered(q, rows, keep)
	if len(order) > maxSorted {
		return invalid("bad_request", fmt.Sprintf("over %d to sort at once: ask for pages", maxSorted))
	}
	return answer(w, http.StatusOK, chosen(order, rows, keep, columns))
}

// place is one kept row: its number among them, and what it is sorted by.
type place struct {
	n   int
	key any
}

// ordered is the kept rows in the order that is asked for, and how many there are
// in all.
func ordered(q url.Values, rows iter.Seq[row], keep func(row) bool) (order []place, total int) {
	by := q.Get("sort")
	for x := range rows {
		if total++; !keep(x) {
			continue
		}
		p := place{n: len(order)}
		if by != "" {
			p.key = value(x, by)
		}
		order = append(order, p)
	}
	if by != "" {
		slices.SortStableFunc(order, func(a, b place) int { return compare(a.key, b.key) })
		if q.Get("sort_reverse") == "true" {
			slices.Reverse(order)
		}
	}
	return order, total
}

// chosen goes through the rows again and takes those, in their order. What came or
// went meanwhile may shift them.
func chosen(order []place, rows iter.Seq[row], keep func(row) bool, columns []string) []row {
	at := make(map[int]int, len(order))
	for i, p := range order {
		at[p.n] = i
	}
	items, n := make([]row, len(order)), 0
	for x := range rows {
		if !keep(x) {
			continue
		}
		if i, ok := at[n]; ok {
			items[i] = pick(x, columns)
		}
		n++
	}
	return slices.DeleteFunc(items, func(x row) bool { return x == nil })
}

func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func stream(w http.ResponseWriter, rows iter.Seq[row], keep func(row) bool, columns []string) error {
	head(w)
	sep := "["
	for x := range rows {
		if !keep(x) {
			continue
		}
		text, err := json.Marshal(pick(x, columns))
		if err != nil {
			return err // the first row tells; a later one is cut off
		}
		_, _ = w.Write([]byte(sep))
		if _, err := w.Write(text); err != nil {
			return nil // the client has gone
		}
		sep = ","
	}
	if sep == "[" {
		_, _ = w.Write([]byte(sep))
	}
	_, _ = w.Write([]byte("]"))
	return nil
}

func paged(w http.ResponseWriter, q url.Values, rows iter.Seq[row], keep func(row) bool, columns []string) error {
	page, err := positive(q.Get("page"), 1)
	size, err2 := positive(cmp.Or(q.Get("page_size"), "100"), 500)
	switch {
	case errors.Is(err, strconv.ErrSyntax) || errors.Is(err2, strconv.ErrSyntax):
		return unpaged
	case err != nil || err2 != nil:
		return invalid("invalid_pagination_parameters", "Invalid pagination parameters: page number "+q.Get("page")+", page size "+q.Get("page_size"))
	}
	order, total := ordered(q, rows, keep)
	pages := max(1, (len(order)+size-1)/size)
	if page > pages {
		return invalid("page_out_of_range", fmt.Sprintf("Page out of range, page: %d page size: %d, len: %d", page, size, len(order)))
	}
	items := chosen(order[(page-1)*size:min(len(order), page*size)], rows, keep, columns)
	return answer(w, http.StatusOK, row{
		"items": items, "item_count": len(items), "page": page, "page_size": size, "page_count": pages,
		"filtered_count": len(order), "total_count": total,
	})
}

var unpaged = invalid("bad_request", "Pagination parameters are invalid")

// positive reads a number from 1, at most most unless that is 1.
func positive(text string, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err == nil && (n < 1 || most > 1 && n > most) {
		err = strconv.ErrRange
	}
	return n, err
}

func nameFilter(q url.Values) (func(row) bool, error) {
	name := q.Get("name")
	if name == "" {
		return func(row) bool { return true }, nil
	}
	matches := func(s string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(name)) }
	if q.Get("use_regex") == "true" {
		re, err := regexp.Compile("(?i)" + name)
		if err != nil {
			return nil, unpaged
		}
		matches = re.MatchString
	}
	return func(x row) bool {
		s, _ := x["name"].(string)
		return matches(s)
	}, nil
}

// value is a row's column, whose name may lead into rows within.
func value(x row, column string) any {
	for {
		if v, ok := x[column]; ok {
			return v
		}
		name, rest, ok := strings.Cut(column, ".")
		if !ok {
			return nil
		}
		switch below := x[name].(type) {
		case row:
			x = below
		case map[string]any:
			x = below
		default:
			return nil
		}
		column = rest
	}
}

// pick is the row with only these columns; none: all.
func pick(x row, columns []string) row {
	if len(columns) == 0 {
		return x
	}
	out := row{}
	for _, c := range columns {
		v := value(x, c)
		if v == nil {
			continue
		}
		at := out
		for {
			name, rest, ok := strings.Cut(c, ".")
			if !ok {
				break
			}
			below, isRow := at[name].(row)
			if !isRow {
				below = row{}
				at[name] = below
			}
			at, c = below, rest
		}
		at[c] = v
	}
	return out
}

// compare orders values of one column: numbers by size, all else by text.
func compare(a, b any) int {
	x, ok := toNumber(a)
	y, ok2 := toNumber(b)
	if ok && ok2 {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

func toNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	}
	return 0, false
}

// flag reads a truth value as clients send it: rabbitmqadmin sends texts.
type flag bool

func (f *flag) UnmarshalJSON(text []byte) error {
	b, err := strconv.ParseBool(strings.Trim(string(text), `"`))
	if string(text) == "null" {
		b, err = false, nil
	}
	*f = flag(b)
	return err
}

// count reads a number that may come as text.
type count int

func (c *count) UnmarshalJSON(text []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(text), `"`))
	*c = count(n)
	return err
}
