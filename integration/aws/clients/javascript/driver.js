// Drives @aws-sdk/client-sqs and client-sns by lines; integration/aws/doc.go has the protocol.
'use strict'

const readline = require('node:readline')
const modules = { sqs: require('@aws-sdk/client-sqs'), sns: require('@aws-sdk/client-sns') }

const options = { endpoint: process.env.AWS_ENDPOINT_URL, region: process.env.AWS_REGION, maxAttempts: 1 }
const clients = { sqs: new modules.sqs.SQSClient(options), sns: new modules.sns.SNSClient(options) }

// The input with its blobs as bytes, and the other way round.
const bytes = (key, v) => (key === 'BinaryValue' ? Buffer.from(v, 'base64') : v)
const text = (key, v) => {
  if (v?.type === 'Buffer') return Buffer.from(v.data).toString('base64')
  return v instanceof Uint8Array ? Buffer.from(v).toString('base64') : v
}

async function call (r) {
  const { [r.service]: module } = modules
  const client = clients[r.service]
  if (r.pages) {
    const all = {}
    for await (const page of module['paginate' + r.op]({ client }, r.in)) {
      for (const [name, list] of Object.entries(page)) {
        if (Array.isArray(list)) all[name] = (all[name] ?? []).concat(list)
      }
    }
    return all
  }
  const { $metadata, ...out } = await client.send(new module[r.op + 'Command'](r.in))
  return out
}

async function serve (r) {
  try {
    return { n: r.n, out: await call(r) }
  } catch (e) {
    return { n: r.n, error: e.message, exception: e.constructor.name, name: e.name, code: e.Code ?? e.Error?.Code ?? e.name, status: e.$metadata?.httpStatusCode }
  }
}

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
  const answer = await serve(JSON.parse(line, bytes))
  process.stdout.write(JSON.stringify(answer, text) + '\n')
})
