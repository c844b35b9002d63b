package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Who is connected to a vhost that is deleted is disconnected, and nobody comes into
// it again; others stay.
func TestVhostIsDeleted(t *testing.T) {
	r := startReloaded(t, "{}")
	r.api(201, "", "", "PUT", "vhosts/shop", "")
	dial := func() (*amqp.Connection, error) {
		return amqp.Dial("amqp://guest:guest@" + address(t, r.doors.opened, "amqp") + "/shop")
	}
	c, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	ch, err := c.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ch.QueueDeclare("q", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := ch.Consume("q", "", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	other, err := r.amqp("guest", "guest")
	if err != nil {
		t.Fatal(err)
	}
	nobody, err := net.Dial("tcp", address(t, r.doors.opened, "stomp"))
	if err != nil {
		t.Fatal(err)
	}
	defer nobody.Close()
	_ = nobody.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprint(nobody, "CONNECT\naccept-version:1.2\nhost:shop\n\n\x00")
	lines := bufio.NewReader(nobody)
	if frame, err := lines.ReadString(0); err != nil || !strings.HasPrefix(frame, "CONNECTED") {
		t.Fatalf("%q, %v", frame, err)
	}
	closed := c.NotifyClose(make(chan *amqp.Error, 1))
	r.api(204, "", "", "DELETE", "vhosts/shop", "")
	select {
	case err := <-closed:
		if err == nil || err.Code != amqp.ConnectionForced {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the connection is still there")
	}
	if _, err := io.Copy(io.Discard, lines); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("nobody's connection is still there")
	}
	if c, err := dial(); err == nil {
		c.Close()
		t.Error("a deleted vhost lets in")
	}
	if other.IsClosed() {
		t.Error("a connection to another vhost was ended")
	}
	r.api(201, "", "", "PUT", "vhosts/shop", "")
	if c, err = dial(); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if ch, err = c.Channel(); err != nil {
		t.Fatal(err)
	}
	if _, err := ch.QueueDeclarePassive("q", true, false, false, false, nil); err == nil {
		t.Error("the next of that name has what was in it")
	}
}
