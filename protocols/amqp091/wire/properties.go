package wire

import "encoding/binary"

// The flags of basic's properties, in their order on the wire.
const (
	flagContentType uint16 = 1 << (15 - iota)
	flagContentEncoding
	flagHeaders
	flagDeliveryMode
	flagPriority
	flagCorrelationID
	flagReplyTo
	flagExpiration
	flagMessageID
	flagTimestamp
	flagType
	flagUserID
	flagAppID
	flagClusterID
	_
	flagMore
)

// Properties of a message. Byte slices are lent by the decoder; Has tells an
// absent property from an empty one.
type Properties struct {
	flags           uint16
	ContentType     []byte
	ContentEncoding []byte
	Headers         Table
	DeliveryMode    uint8
	Priority        uint8
	CorrelationID   []byte
	ReplyTo         []byte
	Expiration      []byte
	MessageID       []byte
	Timestamp       uint64
	Type            []byte
	UserID          []byte
	AppID           []byte
	ClusterID       []byte
}

// A Property names one of them.
type Property uint16

// The properties.
const (
	ContentType     = Property(flagContentType)
	ContentEncoding = Property(flagContentEncoding)
	Headers         = Property(flagHeaders)
	DeliveryMode    = Property(flagDeliveryMode)
	Priority        = Property(flagPriority)
	CorrelationID   = Property(flagCorrelationID)
	ReplyTo         = Property(flagReplyTo)
	Expiration      = Property(flagExpiration)
	MessageID       = Property(flagMessageID)
	Timestamp       = Property(flagTimestamp)
	Type            = Property(flagType)
	UserID          = Property(flagUserID)
	AppID           = Property(flagAppID)
	ClusterID       = Property(flagClusterID)
)

// Has says that a property was given.
func (p *Properties) Has(which Property) bool { return p.flags&uint16(which) != 0 }

// Set says that a property is given, or is not.
func (p *Properties) Set(which Property, given bool) {
	p.flags &^= uint16(which)
	if given {
		p.flags |= uint16(which)
	}
}

// Decode reads the property flags and list; b is lent.
func (p *Properties) Decode(b []byte) error {
	c := cursor{b: b}
	*p = Properties{flags: c.short()}
	if p.flags&flagMore != 0 {
		return Errorf(SyntaxError, "a content header with more properties than there are")
	}
	for _, f := range p.texts() {
		if p.flags&f.flag == 0 {
			continue
		}
		switch f.flag {
		case flagHeaders:
			p.Headers = c.table()
		case flagDeliveryMode:
			p.DeliveryMode = c.octet()
		case flagPriority:
			p.Priority = c.octet()
		case flagTimestamp:
			p.Timestamp = c.longlong()
		default:
			*f.text = c.shortBytes()
		}
	}
	if c.bad || len(c.b) > 0 {
		return Errorf(SyntaxError, "a content header whose properties cannot be read")
	}
	if c.err != nil {
		return c.err
	}
	return nil
}

type property struct {
	flag uint16
	text *[]byte // nil: it is no short string
}

// texts is the table of properties in their order.
func (p *Properties) texts() [14]property {
	return [14]property{
		{flagContentType, &p.ContentType}, {flagContentEncoding, &p.ContentEncoding}, {flagHeaders, nil},
		{flagDeliveryMode, nil}, {flagPriority, nil}, {flagCorrelationID, &p.CorrelationID}, {flagReplyTo, &p.ReplyTo},
		{flagExpiration, &p.Expiration}, {flagMessageID, &p.MessageID}, {flagTimestamp, nil}, {flagType, &p.Type},
		{flagUserID, &p.UserID}, {flagAppID, &p.AppID}, {flagClusterID, &p.ClusterID},
	}
}

// Append appends the property flags and list.
func (p *Properties) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, p.flags)
	for _, f := range p.texts() {
		if p.flags&f.flag == 0 {
			continue
		}
		switch f.flag {
		case flagHeaders:
			dst = appendTable(dst, p.Headers)
		case flagDeliveryMode:
			dst = append(dst, p.DeliveryMode)
		case flagPriority:
			dst = append(dst, p.Priority)
		case flagTimestamp:
			dst = appendLonglong(dst, p.Timestamp)
		default:
			dst = appendShortstr(dst, *f.text)
		}
	}
	return dst
}
