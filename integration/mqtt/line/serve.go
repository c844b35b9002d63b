package line

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
)

// An Answerer writes a driver's lines.
type Answerer struct {
	mu  sync.Mutex
	out *json.Encoder // guarded by mu
}

func (a *Answerer) write(o Output) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.out.Encode(o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) // nobody listens any more
	}
}

// Received writes a message for a connection.
func (a *Answerer) Received(c string, m *Message) { a.write(Output{C: c, Message: m}) }

// Serve calls do with each request, in order. A connection's requests are
// answered one after the other; those of different connections overlap.
func Serve(in io.Reader, out io.Writer, do func(*Answerer, *Request) error) {
	a := &Answerer{out: json.NewEncoder(out)}
	queues := map[string]chan *Request{}
	lines := bufio.NewReader(in)
	for {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		r := &Request{}
		if err := json.Unmarshal(text, r); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		q := queues[r.C]
		if q == nil {
			q = make(chan *Request, 16)
			queues[r.C] = q
			go func() {
				for r := range q {
					o := Output{N: r.N}
					if err := do(a, r); err != nil {
						o.Error = err.Error()
					}
					a.write(o)
				}
			}()
		}
		q <- r
	}
}
