// A sqs-consumer that writes a JSON line of each message; "again" is handled at its second receive only.
'use strict'

const { SQSClient } = require('@aws-sdk/client-sqs')
const { Consumer } = require('sqs-consumer')

const consumer = Consumer.create({
  queueUrl: process.env.QUEUE_URL,
  sqs: new SQSClient({ endpoint: process.env.AWS_ENDPOINT_URL, region: process.env.AWS_REGION }),
  waitTimeSeconds: 10,
  visibilityTimeout: 1,
  attributeNames: ['ApproximateReceiveCount'],
  handleMessage: async (message) => {
    const count = Number(message.Attributes.ApproximateReceiveCount)
    process.stdout.write(JSON.stringify({ words: message.Body, retries: count - 1 }) + '\n')
    if (message.Body === 'again' && count === 1) throw new Error('once more')
    return message
  }
})
consumer.on('error', (e) => console.error(e))
consumer.on('processing_error', () => {})
consumer.start()
process.stdin.resume().on('end', () => consumer.stop({ abort: true }))
