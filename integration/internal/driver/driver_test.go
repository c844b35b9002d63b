package driver

import "testing"

// cat answers each request with itself.
func TestAsk(t *testing.T) {
	p := Start(t, Command{Args: []string{"cat"}})
	first, second := p.Send(t, map[string]any{"op": "a"}), p.Send(t, map[string]any{"op": "b"})
	var got struct {
		N  int
		Op string
	}
	second.Answer(t, &got)
	if got.N != 2 || got.Op != "b" {
		t.Errorf("got %+v", got)
	}
	first.Answer(t, &got)
	if got.N != 1 || got.Op != "a" {
		t.Errorf("got %+v", got)
	}
}

func TestLines(t *testing.T) {
	p := Start(t, Command{Args: []string{"sh", "-c", `echo '{"message":"$M"}'`}})
	if got := string(<-p.Lines()); got != `{"message":"$M"}`+"\n" {
		t.Errorf("got %s", got)
	}
	if _, more := <-p.Lines(); more {
		t.Error("one line too many")
	}
}
