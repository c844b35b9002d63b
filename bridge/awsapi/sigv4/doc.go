// Package sigv4 checks AWS Signature Version 4 on requests: who signed, and that
// what arrived is what was signed. It knows no service but the name that the
// signature's scope must carry, and no user but by a function from access key id
// to secret. Its errors are those of AWS in both forms (JSON code, Query code).
//
// The order of checks is AWS's own: is anything there, is it complete, is its
// date near enough, is the host signed, the algorithm, the credential's scope, is
// the key known, does the signature match. A client with a wrong clock is so told
// of its clock, which the SDKs correct themselves by, and not of its signature.
//
// The signing key (four HMACs over the day, region and service) is derived once
// and kept, for a bounded number of keys; only a request that verified adds one,
// so nobody without a secret can fill the cache.
//
//	Authorization header                                     yes
//	presigned (X-Amz-* in the query string), 1 s to 7 days   yes; 15 minutes without X-Amz-Expires
//	session token                                            tolerated, signed or not; it is not looked at
//	body                                                     its own hash, or UNSIGNED-PAYLOAD
//	date                                                     X-Amz-Date, else Date (ISO 8601 basic or RFC 9110)
//	clock                                                    15 minutes either way
//	X-Amz-Target                                             must be signed, as a header or parameter: it decides what is done
//	path                                                     as sent, encoded once more; not normalised
//	`+` in a query string                                    a space, as the Query protocol reads it
//	chunked signatures (STREAMING-...)                       no: an S3 form, which no SQS or SNS client sends
//	Signature Version 2, SigV4A                              no
package sigv4
