package mqtt

import "testing"

// Mosquitto's bridges say at $SYS whether they are there.
func TestBridgeState(t *testing.T) {
	for _, v := range []byte{3, 4, 5} {
		inTime(t, func(t *testing.T, w *world) {
			const topic = "$SYS/broker/connection/far.up/state"
			a := w.connected(4, "id=a clean")
			a.send("subscribe id=1 $SYS/broker/connection/#:1")
			a.want("suback id=1 codes=01")
			up := w.connected(v, "id=far.up will="+topic+":0:1 will-retain")
			up.send("publish topic=%s qos=1 id=7 retain payload=1", topic)
			up.want("puback id=7")
			a.want("publish topic=%s payload=1", topic)
			late := w.connected(4, "id=late clean")
			late.send("subscribe id=1 %s:0", topic)
			late.want("suback id=1 codes=00")
			late.want("publish topic=%s retain payload=1", topic)
			w.cut(up)
			a.want("publish topic=%s payload=0", topic)
			late.want("publish topic=%s payload=0", topic)

			up = w.connected(v, "id=far.up will="+topic+":0:1 will-retain")
			up.send("publish topic=%s qos=2 id=8 retain payload=1", topic)
			up.want("pubrec id=8")
			up.send("pubrel id=8")
			up.want("pubcomp id=8")
			a.want("publish topic=%s payload=1", topic)
			up.send("disconnect")
			a.quiet() // without a will
		})
	}
}

// Nobody says it of another, and nobody says anything else there.
func TestBridgeStateOnly(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		a := w.connected(4, "id=a clean")
		a.send("subscribe id=1 $SYS/#:0")
		a.want("suback id=1 codes=00")
		for _, publish := range []string{
			"topic=$SYS/broker/connection/b/state payload=1", "topic=$SYS/broker/connection/up/state payload=on",
			"topic=$SYS/broker/connection/up payload=1",
		} {
			up := w.connected(5, "id=up clean")
			up.send("publish qos=1 id=7 %s", publish)
			up.want("puback id=7 code=90 p.reason=topics that begin with $ are not for clients")
		}
		wild := w.connected(5, "id=+ clean")
		wild.send("publish qos=1 id=7 topic=$SYS/broker/connection/+/state payload=1")
		wild.get()
		a.quiet()
	})
}

// In version 3.1.1 a bridge has the options of 5: what it publishes does not come
// back to it, and what was retained is forwarded as that.
func TestBridgeBit(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		up := w.connected(4, "id=up bridge")
		up.send("subscribe id=1 both/#:1")
		up.want("suback id=1 codes=01")
		up.send("publish topic=both/x qos=1 id=7 payload=mine")
		up.want("puback id=7")
		a := w.connected(4, "id=a clean")
		a.send("publish topic=both/x qos=1 id=7 retain payload=theirs")
		a.want("puback id=7")
		up.want("publish topic=both/x qos=1 id=1 retain payload=theirs")
	})
}
