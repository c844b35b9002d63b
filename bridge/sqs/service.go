package sqs

import (
	"sync"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/notice"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/core"
)

// Service answers SQS's actions.
type Service struct {
	backend *awsapi.Backend // immutable
	moves   *moves          // immutable
	signer  *notice.Signer  // immutable once it serves; nil: notifications are not signed

	mu     sync.Mutex
	purges map[*core.Queue]int64 // guarded by mu; when purged, ms; older ones are dropped
	gone   map[deleted]int64     // guarded by mu; when deleted, ms; older ones are dropped

	recreate time.Duration // immutable once it serves; how long after DeleteQueue the name is refused
}

// New makes the service. b.Names, if nil, is made empty.
func New(b *awsapi.Backend) *Service {
	b.SetDefaults()
	return &Service{backend: b, purges: map[*core.Queue]int64{}, gone: map[deleted]int64{}, moves: newMoves()}
}

// Sign has notifications of SNS in queues signed. Call it before anything is served.
func (s *Service) Sign(by *notice.Signer) { s.signer = by }

// RecreateAfter has CreateQueue refuse the name of a queue for so long after its
// deletion; AWS does for 60 seconds, and 0, the default, is at once. Call it before
// anything is served. It is not remembered across a restart.
func (s *Service) RecreateAfter(d time.Duration) { s.recreate = d }

// Close ends the message move tasks; what they moved has been moved. No call may
// come after.
func (s *Service) Close() { s.moves.close() }

// Register puts the handlers into the edge's table.
func (s *Service) Register(reg *awsapi.Registry) {
	awsapi.Handle(reg, sqsapi.AddPermission, s.addPermission)
	awsapi.Handle(reg, sqsapi.CancelMessageMoveTask, s.cancelMessageMoveTask)
	awsapi.Handle(reg, sqsapi.ChangeMessageVisibility, s.changeMessageVisibility)
	awsapi.Handle(reg, sqsapi.ChangeMessageVisibilityBatch, s.changeMessageVisibilityBatch)
	awsapi.Handle(reg, sqsapi.CreateQueue, s.createQueue)
	awsapi.Handle(reg, sqsapi.DeleteMessage, s.deleteMessage)
	awsapi.Handle(reg, sqsapi.DeleteMessageBatch, s.deleteMessageBatch)
	awsapi.Handle(reg, sqsapi.DeleteQueue, s.deleteQueue)
	awsapi.Handle(reg, sqsapi.GetQueueAttributes, s.getQueueAttributes)
	awsapi.Handle(reg, sqsapi.GetQueueUrl, s.getQueueURL)
	awsapi.Handle(reg, sqsapi.ListDeadLetterSourceQueues, s.listDeadLetterSourceQueues)
	awsapi.Handle(reg, sqsapi.ListMessageMoveTasks, s.listMessageMoveTasks)
	awsapi.Handle(reg, sqsapi.ListQueueTags, s.listQueueTags)
	awsapi.Handle(reg, sqsapi.ListQueues, s.listQueues)
	awsapi.Handle(reg, sqsapi.PurgeQueue, s.purgeQueue)
	awsapi.Handle(reg, sqsapi.ReceiveMessage, s.receiveMessage)
	awsapi.Handle(reg, sqsapi.RemovePermission, s.removePermission)
	awsapi.Handle(reg, sqsapi.SendMessage, s.sendMessage)
	awsapi.Handle(reg, sqsapi.SendMessageBatch, s.sendMessageBatch)
	awsapi.Handle(reg, sqsapi.SetQueueAttributes, s.setQueueAttributes)
	awsapi.Handle(reg, sqsapi.StartMessageMoveTask, s.startMessageMoveTask)
	awsapi.Handle(reg, sqsapi.TagQueue, s.tagQueue)
	awsapi.Handle(reg, sqsapi.UntagQueue, s.untagQueue)
}
