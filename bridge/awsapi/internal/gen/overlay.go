package main

import "fmt"

// overlay adds what botocore's data does not have: since SQS became a JSON
// service its model has neither the element names of the Query form nor the
// codes that clients of the Query form match on. AWS.md section 1.
func overlay(m *Model) error {
	if m.Name != "SQS" {
		return nil
	}
	m.XMLNamespace = "http://queue.amazonaws.com/doc/2012-11-05/"
	m.ErrorNamespace = "com.amazonaws.sqs"
	for i := range m.Errors {
		e := &m.Errors[i]
		if code, ok := sqsQueryCode[e.Shape]; ok {
			e.Query = code
		}
		if status, ok := sqsStatus[e.Shape]; ok {
			e.Status = status
		}
	}
	for i := range m.Operations {
		if op := &m.Operations[i]; op.Output != "" {
			op.Result = op.Name + "Result"
		}
	}
	for name, s := range m.Shapes {
		if s.Type == "map" {
			s.KeyName, s.ValueName = "Name", "Value"
			if name == "TagMap" {
				s.KeyName = "Key"
			}
		}
		for i := range s.Members {
			if err := sqsMember(m, &s.Members[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// sqsMember names a list's or map's elements in the Query form, where they are
// all flattened.
func sqsMember(m *Model, mem *Member) error {
	target := m.Shapes[mem.Shape]
	if target.Type != "list" && target.Type != "map" {
		return nil
	}
	name, ok := sqsElement[mem.Shape]
	if !ok {
		return fmt.Errorf("no Query name for the elements of %s", mem.Shape)
	}
	mem.Query, mem.Flattened = name, true
	return nil
}

// sqsElement is, by shape, the name of one element.
var sqsElement = map[string]string{
	"AWSAccountIdList":          "AWSAccountId",
	"ActionNameList":            "ActionName",
	"AttributeNameList":         "AttributeName",
	"BatchResultErrorEntryList": "BatchResultErrorEntry",
	"BinaryList":                "BinaryListValue",
	"ChangeMessageVisibilityBatchRequestEntryList": "ChangeMessageVisibilityBatchRequestEntry",
	"ChangeMessageVisibilityBatchResultEntryList":  "ChangeMessageVisibilityBatchResultEntry",
	"DeleteMessageBatchRequestEntryList":           "DeleteMessageBatchRequestEntry",
	"DeleteMessageBatchResultEntryList":            "DeleteMessageBatchResultEntry",
	"ListMessageMoveTasksResultEntryList":          "ListMessageMoveTasksResultEntry",
	"MessageAttributeNameList":                     "MessageAttributeName",
	"MessageBodyAttributeMap":                      "MessageAttribute",
	"MessageBodySystemAttributeMap":                "MessageSystemAttribute",
	"MessageList":                                  "Message",
	"MessageSystemAttributeList":                   "MessageSystemAttributeName",
	"MessageSystemAttributeMap":                    "Attribute",
	"QueueAttributeMap":                            "Attribute",
	"QueueUrlList":                                 "QueueUrl",
	"SendMessageBatchRequestEntryList":             "SendMessageBatchRequestEntry",
	"SendMessageBatchResultEntryList":              "SendMessageBatchResultEntry",
	"StringList":                                   "StringListValue",
	"TagKeyList":                                   "TagKey",
	"TagMap":                                       "Tag",
}

const legacy = "AWS.SimpleQueueService."

var sqsQueryCode = map[string]string{
	"BatchEntryIdsNotDistinct":     legacy + "BatchEntryIdsNotDistinct",
	"BatchRequestTooLong":          legacy + "BatchRequestTooLong",
	"EmptyBatchRequest":            legacy + "EmptyBatchRequest",
	"InvalidBatchEntryId":          legacy + "InvalidBatchEntryId",
	"MessageNotInflight":           legacy + "MessageNotInflight",
	"PurgeQueueInProgress":         legacy + "PurgeQueueInProgress",
	"QueueDeletedRecently":         legacy + "QueueDeletedRecently",
	"QueueDoesNotExist":            legacy + "NonExistentQueue",
	"QueueNameExists":              "QueueAlreadyExists",
	"TooManyEntriesInBatchRequest": legacy + "TooManyEntriesInBatchRequest",
	"UnsupportedOperation":         legacy + "UnsupportedOperation",
	"KmsAccessDenied":              "KMS.AccessDeniedException",
	"KmsDisabled":                  "KMS.DisabledException",
	"KmsInvalidKeyUsage":           "KMS.InvalidKeyUsageException",
	"KmsInvalidState":              "KMS.InvalidStateException",
	"KmsNotFound":                  "KMS.NotFoundException",
	"KmsOptInRequired":             "KMS.OptInRequired",
	"KmsThrottled":                 "KMS.ThrottlingException",
}

var sqsStatus = map[string]int{
	"InvalidAddress": 404, "InvalidSecurity": 403, "KmsOptInRequired": 403, "OverLimit": 403, "PurgeQueueInProgress": 403,
	"ReceiptHandleIsInvalid": 404, "RequestThrottled": 403, "ResourceNotFoundException": 404,
}
