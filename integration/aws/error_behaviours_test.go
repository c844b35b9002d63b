package aws

import "strings"

// A mistake is a call that has to fail in the way that programs catch.
type mistake struct {
	name    string
	service string
	op      string
	in      func(*session) in
	want    want
	not     map[string]string
}

// errorBehaviours makes a row of each mistake.
func errorBehaviours(all []mistake) []behaviour {
	var rows []behaviour
	for _, m := range all {
		rows = append(rows, behaviour{name: m.service + " error: " + m.name, not: m.not, run: func(s *session) {
			s.fails(m.service, m.op, m.in(s), m.want)
		}})
	}
	return rows
}

func sameID(s *session) in {
	return in{"QueueUrl": s.queue("q"), "Entries": []in{{"Id": "1", "MessageBody": "b"}, {"Id": "1", "MessageBody": "b"}}}
}

func eleven(one in) []in {
	all := make([]in, 11)
	for i := range all {
		all[i] = in{"Id": strings.Repeat("i", i+1)}
		for k, v := range one {
			all[i][k] = v
		}
	}
	return all
}

const simple = "AWS.SimpleQueueService."

var sqsErrors = []mistake{
	{"no such queue, by name", "sqs", "GetQueueUrl", func(s *session) in { return in{"QueueName": s.prefix + "none"} },
		want{"QueueDoesNotExist", simple + "NonExistentQueue", 400, "The specified queue does not exist"}, nil},
	{"no such queue, by URL", "sqs", "SendMessage", func(s *session) in { return in{"QueueUrl": s.endpoint + "/000000000000/none", "MessageBody": "b"} },
		want{"QueueDoesNotExist", simple + "NonExistentQueue", 400, "The specified queue does not exist"}, nil},
	{"name taken by another queue", "sqs", "CreateQueue", func(s *session) in {
		s.queue("q", "DelaySeconds", "1")
		return in{"QueueName": s.prefix + "q", "Attributes": in{"DelaySeconds": "2"}}
	}, want{"QueueNameExists", "QueueAlreadyExists", 400, "A queue already exists with the same name and a different value for attribute DelaySeconds"}, nil},
	{"impossible name", "sqs", "CreateQueue", func(*session) in { return in{"QueueName": "no spaces"} },
		want{"", "InvalidParameterValue", 400, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"}, nil},
	{"no such attribute", "sqs", "SetQueueAttributes", func(s *session) in { return in{"QueueUrl": s.queue("q"), "Attributes": in{"Nonesuch": "1"}} },
		want{"InvalidAttributeName", "InvalidAttributeName", 400, "Unknown Attribute Nonesuch."}, nil},
	{"impossible attribute", "sqs", "SetQueueAttributes", func(s *session) in { return in{"QueueUrl": s.queue("q"), "Attributes": in{"DelaySeconds": "901"}} },
		want{"InvalidAttributeValue", "InvalidAttributeValue", 400, "Invalid value for the parameter DelaySeconds."}, nil},
	{"characters that SQS does not take", "sqs", "SendMessage", func(s *session) in { return in{"QueueUrl": s.queue("q"), "MessageBody": "a\u0001b"} },
		want{"InvalidMessageContents", "InvalidMessageContents", 400, "Invalid characters found"}, nil},
	{"impossible delay", "sqs", "SendMessage", func(s *session) in { return in{"QueueUrl": s.queue("q"), "MessageBody": "b", "DelaySeconds": 901} },
		want{"", "InvalidParameterValue", 400, "DelaySeconds must be >= 0 and <= 900"}, nil},
	{"impossible attribute of a message", "sqs", "SendMessage", func(s *session) in {
		return in{"QueueUrl": s.queue("q"), "MessageBody": "b", "MessageAttributes": map[string]attribute{"a": {DataType: "Text", StringValue: "v"}}}
	}, want{"", "InvalidParameterValue", 400, "The type of message (user) attribute 'a' is invalid"}, nil},
	{"too many messages at once", "sqs", "ReceiveMessage", func(s *session) in { return in{"QueueUrl": s.queue("q"), "MaxNumberOfMessages": 11} },
		want{"", "InvalidParameterValue", 400, "Must be between 1 and 10"}, nil},
	{"malformed receipt handle", "sqs", "DeleteMessage", func(s *session) in { return in{"QueueUrl": s.queue("q"), "ReceiptHandle": "no handle"} },
		want{"ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 404, "The input receipt handle"}, nil},
	{"visibility of what is not in flight", "sqs", "ChangeMessageVisibility", func(s *session) in {
		url := s.queue("q")
		s.send(url, "b")
		m := s.receive(url, 1)[0]
		s.changeVisibility(url, m, 0)
		return in{"QueueUrl": url, "ReceiptHandle": m.ReceiptHandle, "VisibilityTimeout": 1}
	}, want{"MessageNotInflight", simple + "MessageNotInflight", 400, ""}, nil},
	{"empty batch", "sqs", "SendMessageBatch", func(s *session) in { return in{"QueueUrl": s.queue("q"), "Entries": []in{}} },
		want{"EmptyBatchRequest", simple + "EmptyBatchRequest", 400, "There should be at least one SendMessageBatchRequestEntry in the request."}, nil},
	{"batch of eleven", "sqs", "SendMessageBatch", func(s *session) in { return in{"QueueUrl": s.queue("q"), "Entries": eleven(in{"MessageBody": "b"})} },
		want{"TooManyEntriesInBatchRequest", simple + "TooManyEntriesInBatchRequest", 400, "Maximum number of entries per request are 10. You have sent 11."}, nil},
	{"batch with an id twice", "sqs", "SendMessageBatch", sameID,
		want{"BatchEntryIdsNotDistinct", simple + "BatchEntryIdsNotDistinct", 400, "Id 1 repeated."}, nil},
	{"batch with an impossible id", "sqs", "SendMessageBatch", func(s *session) in {
		return in{"QueueUrl": s.queue("q"), "Entries": []in{{"Id": "a b", "MessageBody": "b"}}}
	},
		want{"InvalidBatchEntryId", simple + "InvalidBatchEntryId", 400, "A batch entry id can only contain alphanumeric characters, hyphens and underscores."}, nil},
	{"batch that is too long", "sqs", "SendMessageBatch", func(s *session) in {
		half := strings.Repeat("x", 600_000)
		return in{"QueueUrl": s.queue("q"), "Entries": []in{{"Id": "1", "MessageBody": half}, {"Id": "2", "MessageBody": half}}}
	}, want{"BatchRequestTooLong", simple + "BatchRequestTooLong", 400, "Batch requests cannot be longer than 1048576 bytes. You have sent 1200000 bytes."}, nil},
	{"FIFO without a group", "sqs", "SendMessage", func(s *session) in {
		return in{"QueueUrl": s.fifo(), "MessageBody": "b", "MessageDeduplicationId": "1"}
	},
		want{"", "MissingParameter", 400, "The request must contain the parameter MessageGroupId."}, nil},
	{"FIFO without a deduplication id", "sqs", "SendMessage", func(s *session) in { return in{"QueueUrl": s.fifo(), "MessageBody": "b", "MessageGroupId": "g"} },
		want{"", "InvalidParameterValue", 400, "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"}, nil},
	{"FIFO with a delay", "sqs", "SendMessage", func(s *session) in {
		return in{"QueueUrl": s.fifo(), "MessageBody": "b", "MessageGroupId": "g", "MessageDeduplicationId": "1", "DelaySeconds": 1}
	}, want{"", "InvalidParameterValue", 400, "The request include parameter that is not valid for this queue type."}, nil},
	{"FIFO attribute of a standard queue", "sqs", "CreateQueue", func(s *session) in {
		return in{"QueueName": s.prefix + "q", "Attributes": in{"ContentBasedDeduplication": "true"}}
	}, want{"InvalidAttributeName", "InvalidAttributeName", 400, "Unknown Attribute ContentBasedDeduplication."}, nil},
	{"FIFO, expired receipt handle", "sqs", "DeleteMessage", func(s *session) in {
		url := s.fifo()
		s.sendTo(url, "g", "1", "b")
		m := s.receive(url, 1, "VisibilityTimeout", 1)[0]
		s.receive(url, 1) // when it is visible again
		return in{"QueueUrl": url, "ReceiptHandle": m.ReceiptHandle}
	}, want{"", "InvalidParameterValue", 400, "The receipt handle has expired"}, nil},
	{"dead-letter queue that is not there", "sqs", "SetQueueAttributes", func(s *session) in {
		return in{"QueueUrl": s.queue("q"), "Attributes": in{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:none","maxReceiveCount":1}`}}
	}, want{"", "InvalidParameterValue", 400, "Dead letter target does not exist."}, nil},
}

func entriesOf(s *session, entries []in) in {
	return in{"TopicArn": s.topic(), "PublishBatchRequestEntries": entries}
}

const nobody = "arn:aws:sns:us-east-1:000000000000:none"

var snsErrors = []mistake{
	{"publish to no such topic", "sns", "Publish", func(*session) in { return in{"TopicArn": nobody, "Message": "m"} },
		want{"NotFoundException", "NotFound", 404, "Topic does not exist"}, nil},
	{"subscribe to no such topic", "sns", "Subscribe", func(s *session) in {
		return in{"TopicArn": nobody, "Protocol": "sqs", "Endpoint": s.arnOf(s.queue("q"))}
	}, want{"NotFoundException", "NotFound", 404, "Topic does not exist"}, nil},
	{"tags of no such topic", "sns", "ListTagsForResource", func(*session) in { return in{"ResourceArn": nobody} },
		want{"ResourceNotFoundException", "ResourceNotFound", 404, "Resource does not exist"}, nil},
	{"impossible name", "sns", "CreateTopic", func(*session) in { return in{"Name": "no spaces"} },
		want{"InvalidParameterException", "InvalidParameter", 400, "Invalid parameter: Topic Name"}, nil},
	{"no such attribute", "sns", "SetTopicAttributes", func(s *session) in {
		return in{"TopicArn": s.topic(), "AttributeName": "Nonesuch", "AttributeValue": "v"}
	},
		want{"InvalidParameterException", "InvalidParameter", 400, "Invalid parameter: AttributeName"}, nil},
	{"empty message", "sns", "Publish", func(s *session) in { return in{"TopicArn": s.topic(), "Message": ""} },
		want{"InvalidParameterException", "InvalidParameter", 400, "Invalid parameter: Empty message"}, nil},
	{"impossible subject", "sns", "Publish", func(s *session) in {
		return in{"TopicArn": s.topic(), "Message": "m", "Subject": strings.Repeat("s", 101)}
	},
		want{"InvalidParameterException", "InvalidParameter", 400, "Invalid parameter: Subject"}, nil},
	{"JSON without a default", "sns", "Publish", func(s *session) in {
		return in{"TopicArn": s.topic(), "MessageStructure": "json", "Message": `{"sqs":"m"}`}
	}, want{"InvalidParameterException", "InvalidParameter", 400, "Invalid parameter: Message Structure - No default entry in JSON message body"}, nil},
	{"too long a message", "sns", "Publish", func(s *session) in { return in{"TopicArn": s.topic(), "Message": strings.Repeat("m", 256<<10+1)} },
		want{"InvalidParameterException", "InvalidParameter", 400, "Invalid parameter: Message too long"}, nil},
	{"impossible attribute of a message", "sns", "Publish", func(s *session) in {
		return in{"TopicArn": s.topic(), "Message": "m", "MessageAttributes": map[string]attribute{"a": {DataType: "Text", StringValue: "v"}}}
	}, want{"InvalidParameterValueException", "ParameterValueInvalid", 400, "The message attribute 'a' has an invalid message attribute type"}, nil},
	{"no such protocol", "sns", "Subscribe", func(s *session) in { return in{"TopicArn": s.topic(), "Protocol": "pigeon", "Endpoint": "e"} },
		want{"InvalidParameterException", "InvalidParameter", 400, "Invalid parameter: Amazon SNS does not support this protocol string: pigeon"}, nil},
	{"no such queue", "sns", "Subscribe", func(s *session) in { return in{"TopicArn": s.topic(), "Protocol": "sqs", "Endpoint": "no ARN"} },
		want{"InvalidParameterException", "InvalidParameter", 400, "Invalid parameter: SQS endpoint ARN"}, nil},
	{"empty batch", "sns", "PublishBatch", func(s *session) in { return entriesOf(s, []in{}) },
		want{"EmptyBatchRequestException", "EmptyBatchRequest", 400, "The batch request doesn't contain any entries."}, nil},
	{"batch of eleven", "sns", "PublishBatch", func(s *session) in { return entriesOf(s, eleven(in{"Message": "m"})) },
		want{"TooManyEntriesInBatchRequestException", "TooManyEntriesInBatchRequest", 400, "The batch request contains more entries than permissible."}, nil},
	{"batch with an id twice", "sns", "PublishBatch", func(s *session) in {
		return entriesOf(s, []in{{"Id": "1", "Message": "m"}, {"Id": "1", "Message": "m"}})
	},
		want{"BatchEntryIdsNotDistinctException", "BatchEntryIdsNotDistinct", 400, "Two or more batch entries in the request have the same Id."}, nil},
	{"batch with an impossible id", "sns", "PublishBatch", func(s *session) in { return entriesOf(s, []in{{"Id": "message.id", "Message": "m"}}) },
		want{"InvalidBatchEntryIdException", "InvalidBatchEntryId", 400, "The Id of a batch entry in the batch request contains an impermissible character: message.id"}, nil},
	{"batch that is too long", "sns", "PublishBatch", func(s *session) in {
		half := strings.Repeat("x", 200_000)
		return entriesOf(s, []in{{"Id": "1", "Message": half}, {"Id": "2", "Message": half}})
	}, want{"BatchRequestTooLongException", "BatchRequestTooLong", 400, "The length of all the messages put together is more than the limit."}, nil},
}
