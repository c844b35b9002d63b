// Command sdkgo drives aws-sdk-go-v2 by lines; integration/aws/doc.go has the
// protocol. Operations are found by reflection: the fields of the SDK's inputs
// and outputs are the members of the API.
package main
