package sns

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// ArchivePolicy of a FIFO topic keeps what is published for 1 to 365 days;
// ReplayPolicy of a subscription brings it once more, from StartingPoint to
// EndingPoint or to now. What is published while a replay runs comes after it.
//
// AWS does not say what becomes of messages published after EndingPoint while the
// replay runs: here they are delivered, as all others are. A start before the
// archive's beginning is its beginning.

// archiveDays reads an ArchivePolicy: the days it keeps, 0 for none, -1 for one
// that is wrong.
func archiveDays(v string) int {
	if v == "" {
		return 0
	}
	var in map[string]json.RawMessage
	if json.Unmarshal([]byte(v), &in) != nil {
		return -1
	}
	period, ok := in["MessageRetentionPeriod"]
	if !ok && len(in) == 0 {
		return 0
	}
	days, err := strconv.Atoi(strings.Trim(string(period), `"`))
	if err != nil || len(in) != 1 || days < 1 || days > 365 {
		return -1
	}
	return days
}

// beginning is from when on a topic's archive has everything.
func beginning(attrs map[string]string, now time.Time) time.Time {
	since, _ := strconv.ParseInt(attrs[attrArchivedSince], 10, 64)
	oldest := now.AddDate(0, 0, -archiveDays(attrs[attrArchive]))
	if at := time.UnixMilli(since); at.After(oldest) {
		return at
	}
	return oldest
}

const timestampForm = "2006-01-02T15:04:05.000Z"

// replay is a ReplayPolicy, in ms; end 0: none.
type replay struct{ start, end int64 }

// parseReplay reads a ReplayPolicy; none is nil.
func parseReplay(v string) (*replay, error) {
	if strings.Trim(v, " \t\r\n{}") == "" {
		return nil, nil
	}
	bad := func(why string) error { return reason("ReplayPolicy: " + why) }
	if text := syntax(v); text != "" {
		return nil, bad(text)
	}
	var in struct{ PointType, StartingPoint, EndingPoint string }
	d := json.NewDecoder(strings.NewReader(v))
	d.DisallowUnknownFields()
	switch err := d.Decode(&in); {
	case err != nil:
		return nil, bad("it has PointType, StartingPoint and EndingPoint, which are strings")
	case in.PointType != "Timestamp":
		return nil, bad("PointType must be Timestamp")
	}
	start, err := time.Parse(time.RFC3339, in.StartingPoint)
	if err != nil {
		return nil, bad("StartingPoint must be a timestamp in ISO 8601 format")
	}
	p := &replay{start: start.UnixMilli()}
	if in.EndingPoint == "" {
		return p, nil
	}
	end, err := time.Parse(time.RFC3339, in.EndingPoint)
	if err != nil || end.Before(start) {
		return nil, bad("EndingPoint must be a timestamp in ISO 8601 format, not before StartingPoint")
	}
	p.end = end.UnixMilli()
	return p, nil
}

// checkReplay says why a topic's archive cannot be replayed like this.
func (p *replay) check(t *target) error {
	switch {
	case p == nil:
		return nil
	case archiveDays(t.Attributes()[attrArchive]) <= 0:
		return reason("ReplayPolicy: the topic has no active ArchivePolicy")
	case p.start > t.ns.Broker().Now():
		return reason("ReplayPolicy: StartingPoint must not be in the future")
	}
	return nil
}

// begin starts what the policy asks for, or ends what is under way.
func (p *replay) begin(ctx context.Context, ns *core.Namespace, arn, path string) error {
	if p == nil {
		return refusal(ns.StopReplay(ctx, arn))
	}
	gate, ok := gateOf(ns, path)
	if !ok {
		return noTopic()
	}
	return refusal(ns.Replay(arn, gate, p.start, p.end))
}

// replayStatus is the attribute ReplayStatus.
func replayStatus(ns *core.Namespace, arn string) string {
	if ns.Replaying(arn) {
		return "In progress"
	}
	return "Completed"
}

// stopReplays ends the replays of a topic, before what they read goes.
func (s *Service) stopReplays(ctx context.Context, ns *core.Namespace, path string) error {
	s.subscribing.Lock()
	defer s.subscribing.Unlock()
	for _, b := range subscriptions(ns) {
		if b.Attributes[subTopic] != path {
			continue
		}
		if err := ns.StopReplay(ctx, b.Key); err != nil {
			return refusal(err)
		}
	}
	return nil
}

// reason is why an attribute is refused, for "Invalid parameter: ...".
type reason string

func (r reason) Error() string { return string(r) }
