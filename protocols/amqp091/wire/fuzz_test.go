package wire

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

// FuzzFrames: whatever comes, in whatever pieces, the Reader ends with the same
// frames or an error, and what it returns is lent of what it was given.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("AMQP\x00\x00\x09\x01"), 3)
	f.Add(AppendHeartbeat(AppendBody(nil, 1, []byte("body"), 0)), 1)
	f.Add(AppendHeartbeat(AppendBody(nil, 1, make([]byte, largeBody+1), 0)), 5000)
	f.Fuzz(func(t *testing.T, b []byte, step int) {
		if step < 1 {
			step = 1
		}
		whole, wholeErr := cutUp(b, len(b)+1)
		pieces, piecesErr := cutUp(b, step)
		if !reflect.DeepEqual(whole, pieces) || (wholeErr == nil) != (piecesErr == nil) {
			t.Fatalf("%d frames, %v; in pieces %d, %v", len(whole), wholeErr, len(pieces), piecesErr)
		}
	})
}

func cutUp(b []byte, step int) (frames [][]byte, err error) {
	r := Reader{Max: 32 << 10}
	for len(b) > 0 {
		piece := b[:min(step, len(b))]
		b = b[len(piece):]
		landed := copy(r.Room(), piece)
		r.Landed(landed)
		piece = piece[landed:]
		for len(piece) > 0 {
			f, n, err := r.Next(piece)
			if err != nil {
				return frames, err
			}
			if piece = piece[n:]; f.Type != 0 {
				frames = append(frames, bytes.Clone(f.Payload))
			}
		}
	}
	return frames, nil
}

// FuzzMethods: arguments are refused with an error of a client's, or come back
// as they were read.
func FuzzMethods(f *testing.F) {
	for _, m := range methods() {
		b := m.Append(nil, 0)
		f.Add(b[frameHead : len(b)-1])
	}
	byName := map[string]reflect.Type{}
	for _, m := range methods() {
		b := m.Append(nil, 0)
		id, _, _ := SplitMethod(b[frameHead:])
		byName[id.String()] = reflect.TypeOf(m).Elem()
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		id, args, err := SplitMethod(payload)
		if err != nil || byName[id.String()] == nil {
			return
		}
		m := reflect.New(byName[id.String()]).Interface().(method)
		if err := m.Decode(args); err != nil {
			var we *Error
			if !errors.As(err, &we) {
				t.Fatal(err)
			}
			return
		}
		b := m.Append(nil, 0)
		again := reflect.New(byName[id.String()]).Interface().(method)
		_, args, _ = SplitMethod(b[frameHead : len(b)-1])
		if err := again.Decode(args); err != nil || !reflect.DeepEqual(m, again) {
			t.Fatalf("%+v came back as %+v, %v", m, again, err)
		}
	})
}

// FuzzProperties: headers and tables that are taken can be read whole.
func FuzzProperties(f *testing.F) {
	p := Properties{Headers: AppendField(nil, "k", ArrayValue(StringValue("v"), TableValue(AppendField(nil, "n", DoubleValue(2)))))}
	p.Set(Headers, true)
	f.Add(p.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p Properties
		if p.Decode(b) != nil {
			return
		}
		if !bytes.Equal(p.Append(nil), b) {
			t.Fatalf("%x came back as %x", b, p.Append(nil))
		}
		var again Table
		for name, v := range p.Headers.Fields() {
			look(v)
			again = AppendField(again, name, v)
		}
		if !bytes.Equal(again, p.Headers) {
			t.Fatalf("%x came back as %x", p.Headers, again)
		}
	})
}

// look calls everything that a value can be asked.
func look(v Value) {
	v.Int()
	v.Uint()
	v.Float()
	v.Decimal()
	v.Bool()
	v.Text()
	for _, inner := range v.Table().Fields() {
		look(inner)
	}
	for e := range v.Elements() {
		look(e)
	}
}
